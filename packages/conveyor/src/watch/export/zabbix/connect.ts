// Makes in Zabbix what an installation needs there: a group, a host, and a discovery rule by which each check becomes items and
// triggers, now and later. Every call asks first what is there: a second time changes nothing. Called by `conveyor watch connect zabbix`.
import type { Call } from "./api.ts"

export const keys = {
  alive: "conveyor.alive",
  discovery: "conveyor.checks",
  // Quoted, for a name may have anything in it.
  standing: 'conveyor.standing["{#CHECK}"]',
  summary: 'conveyor.summary["{#CHECK}"]',
} as const

/** Values of `conveyor.standing`. */
export const standingCodes = { fine: 0, problem: 1, unknown: 2, flapping: 3, unseen: 4 } as const

const trapper = 2
const numeric = 3
const textual = 4
const priority = { warning: 2, high: 4, disaster: 5 } as const

export interface Made {
  what: string
  did: "made" | "was there"
}

/** `host`: its technical name in Zabbix. */
export async function connectZabbix(call: Call, host: string, onMade: (made: Made) => void): Promise<void> {
  const groupid = await ensure(call, onMade, {
    of: "hostgroup",
    what: "host group Conveyor",
    idKey: "groupid",
    find: { filter: { name: "Conveyor" } },
    wanted: { name: "Conveyor" },
  })
  const hostid = await ensure(call, onMade, {
    of: "host",
    what: `host ${host}`,
    idKey: "hostid",
    find: { filter: { host } },
    wanted: { host, groups: [{ groupid }] },
  })
  const own = { hostid, type: trapper }
  await ensure(call, onMade, {
    of: "item",
    what: "item: the watch is alive",
    idKey: "itemid",
    find: { hostids: hostid, filter: { key_: keys.alive } },
    wanted: { ...own, name: "The watch is alive", key_: keys.alive, value_type: numeric },
  })
  await ensure(call, onMade, {
    of: "trigger",
    what: "trigger: nothing is heard of the watch",
    idKey: "triggerid",
    find: { hostids: hostid, filter: { description: "Nothing is heard of the conveyor's watch" } },
    wanted: {
      description: "Nothing is heard of the conveyor's watch",
      expression: `nodata(/${host}/${keys.alive},3m)=1`,
      priority: priority.disaster,
    },
  })
  const ruleid = await ensure(call, onMade, {
    of: "discoveryrule",
    what: "discovery of checks",
    idKey: "itemid",
    find: { hostids: hostid, filter: { key_: keys.discovery } },
    wanted: { ...own, name: "Checks of the conveyor", key_: keys.discovery, lifetime: "1d" },
  })
  const prototypes = [
    { key_: keys.standing, name: "{#CHECK}: how it stands", value_type: numeric },
    { key_: keys.summary, name: "{#CHECK}: what was seen", value_type: textual },
  ]
  for (const prototype of prototypes) {
    await ensure(call, onMade, {
      of: "itemprototype",
      what: `item of each check: ${prototype.key_}`,
      idKey: "itemid",
      find: { hostids: hostid, filter: { key_: prototype.key_ } },
      wanted: { ...own, ruleid, ...prototype },
    })
  }
  for (const [description, codes, level] of [
    ["{#CHECK} has a problem", [standingCodes.problem, standingCodes.flapping], priority.high],
    ["{#CHECK}: nobody knows how it is", [standingCodes.unknown], priority.warning],
  ] as const) {
    await ensure(call, onMade, {
      of: "triggerprototype",
      what: `trigger of each check: ${description}`,
      idKey: "triggerid",
      find: { hostids: hostid, filter: { description } },
      wanted: {
        description,
        expression: codes.map((code) => `last(/${host}/${keys.standing})=${code}`).join(" or "),
        priority: level,
        tags: [{ tag: "check", value: "{#CHECK}" }],
      },
    })
  }
}

interface Thing {
  of: "hostgroup" | "host" | "item" | "trigger" | "discoveryrule" | "itemprototype" | "triggerprototype"
  what: string
  idKey: string
  find: object
  wanted: object
}

async function ensure(call: Call, onMade: (made: Made) => void, { of, what, idKey, find, wanted }: Thing): Promise<string> {
  const [known] = await call<Record<string, string>[]>(`${of}.get`, { output: [idKey], ...find })
  if (known?.[idKey] !== undefined) {
    onMade({ what, did: "was there" })
    return known[idKey]
  }
  const made = await call<Record<string, string[]>>(`${of}.create`, wanted)
  const id = made[`${idKey}s`]?.[0]
  if (id === undefined) throw new TypeError(`Zabbix has made ${what} and does not say which it is`)
  onMade({ what, did: "made" })
  return id
}
