// Whether a request carries the control plane's token; called by the API for every request.
import { createHash, timingSafeEqual } from "node:crypto"

/** Takes as long for a nearly right header as for a wrong one, so that the token cannot be guessed piece by piece. */
export function carriesToken(authorization: string | undefined, token: string): boolean {
  return timingSafeEqual(digest(authorization ?? ""), digest(`Bearer ${token}`))
}

/** Of one length whatever was sent, as the comparison demands. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest()
}
