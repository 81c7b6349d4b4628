// When what clients say is more than one client's word. Pure. Called by the judge and by the users' view.

const clientsNeeded = 3
/** So many requests make it likely that one address is a whole site (a proxy that is not trusted, a test), and no odd client. */
const requestsOfASite = 20

export interface Said {
  /** Clients whose requests failed. */
  failing: number
  /** Clients that have asked for the same. */
  asking: number
  /** All clients there are, and all that they have asked. */
  everybody: number
  requests: number
}

/**
 * Three clients, or both of two. Where nobody can be told apart, the one address is believed once it has asked `enough`.
 */
export function isMoreThanOneWord({ failing, asking, everybody, requests }: Said, enough = requestsOfASite): boolean {
  if (failing >= Math.min(clientsNeeded, Math.max(2, asking))) return true
  return everybody === 1 && requests >= Math.max(requestsOfASite, enough)
}
