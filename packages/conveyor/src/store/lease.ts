// The port of the lease: at most one control plane writes. Acquired by wiring/, and behind every write of the others.
export interface Lease {
  /**
   * Makes this process the one that may write. Gives the fencing token: higher than that of any holder before.
   * @throws ConveyorError "lease-held" while the process that holds it lives.
   */
  acquire: () => Promise<number>
}
