// The mark that every statement of the engine carries, so that its own reads are not taken for the application's. Written
// by the session and by the sync triggers, looked for by the evidence of readers.

/** No application writes this by chance. pg_stat_statements keeps a comment that stands inside or behind a statement. */
export const ownMark = "/*conveyor:own:9b6f2a5c-7f0e-4a57-9a0f-2c61d3f4b7e8*/"

export const isOwn = (query: string): boolean => query.includes(ownMark)
