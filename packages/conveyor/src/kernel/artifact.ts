// How an artifact is spoken of where nobody may look into it: recorded by the store, carried by the release layer.
// Made by a builder, understood by the builder and the runtime of its kind.

export interface ArtifactRef {
  /** Named by content: the same tree and build command give the same id. */
  readonly id: string
  /** What `ref` is: "directory" on this machine, or whatever else a builder makes and a runtime can start. */
  readonly kind: string
  /** Where the artifact is, in the words of its kind. */
  readonly ref: string
}
