// Which trailers pass, of requests and of answers: what frames, routes, identifies or sets something is for heads alone, since
// whoever joins the two would take it for the head's. Pure; called by the request's body and the exchange.

const forHeadsAlone =
  /^(?:content-.*|transfer-encoding|host|connection|keep-alive|trailer|upgrade|te|expect|cookie|set-cookie|authorization|www-authenticate|proxy-.*|location|cache-control|vary|age|date|expires|forwarded|x-forwarded(?:-.*)?|x-real-ip|x-conveyor-.*)$/i

/** Names and values in turn. CGI and WSGI take "_" for "-". */
export function allowedTrailers(raw: readonly string[]): readonly string[] {
  if (raw.length === 0) return raw
  return raw.flatMap((name, i) => (i % 2 === 0 && !forHeadsAlone.test(name.replaceAll("_", "-")) ? [name, raw[i + 1] ?? ""] : []))
}
