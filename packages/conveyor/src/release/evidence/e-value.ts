// The one test that every judgement of a bake uses, because it may be looked at as often as one likes: an e-value.
// A fixed mixture of likelihood ratios is a non-negative supermartingale while the rate is at most `atMost`, so by Ville's
// inequality it ever reaches 1/alpha with a probability of at most alpha, however many looks are taken. Pure.
//   Robbins, Statistical methods related to the law of the iterated logarithm (1970): the mixture.
//   Johari, Koomen, Pekelis, Walsh, Always valid inference (2022): what it does for experiments that are watched.
//   Vovk, Wang, E-values (2021): how e-values are combined.

/** Rates that a fault may have, as shares of the way from `atMost` to 1: half of them spread evenly, half closer together towards 0. */
const alternatives = Array.from({ length: 12 }, (_, i) => [(i + 0.5) / 12, 10 ** (-2.5 + (2.5 * i) / 12)]).flat()

/**
 * How much more likely `failed` of `trials` is under some rate above `atMost` than under it. 1 says nothing; 1,000 happens
 * by chance once in a thousand bakes.
 */
export function eValue(failed: number, trials: number, atMost: number): number {
  const logs = alternatives.map((share) => {
    const rate = atMost + (1 - atMost) * share
    return failed * Math.log(rate / atMost) + (trials - failed) * Math.log((1 - rate) / (1 - atMost))
  })
  const greatest = Math.max(...logs)
  return (Math.exp(greatest) * logs.reduce((sum, log) => sum + Math.exp(log - greatest), 0)) / alternatives.length
}

/** 99.9%, one-sided. */
const certainZ = 3.09

/** The highest rate that is still believable of what failed `failed` times of `requests` (Wilson, 1927). */
export function highestRate(failed: number, requests: number): number {
  if (requests === 0) return 1
  const z2 = certainZ ** 2
  const rate = failed / requests
  const centre = rate + z2 / (2 * requests)
  const spread = certainZ * Math.sqrt((rate * (1 - rate)) / requests + z2 / (4 * requests ** 2))
  return Math.min(1, (centre + spread) / (1 + z2 / requests))
}
