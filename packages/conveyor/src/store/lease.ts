// The port of the lease: at most one control plane writes. It runs out, so that a holder that is stopped or out of reach is
// followed by another; every write carries the holder's fencing token, and is refused where there is a newer one. Acquired by
// wiring/, renewed by the control plane as long as it works.
export interface Lease {
  /**
   * Makes this process the one that may write, for `forMs` milliseconds and longer where it renews. Gives the fencing token:
   * higher than that of any holder before.
   * @throws ConveyorError "lease-held" while another holds it that is neither known to be gone nor past its time.
   */
  acquire: (forMs: number) => Promise<number>
  /** From now for `forMs` more; also past its time, as long as nobody took it. @throws ConveyorError "lease-lost" */
  renew: (forMs: number) => Promise<void>
  /** Anybody may take it at once. Nothing where it was lost already. */
  release: () => Promise<void>
}
