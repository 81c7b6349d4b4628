import assert from "node:assert/strict"
import { test } from "node:test"
import { parseMounts } from "./hierarchies.ts"

test("version 2 alone has every controller at its one mount", () => {
  const mounts = "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n"
  const at = { mount: "/sys/fs/cgroup", version: 2 }
  assert.deepEqual(
    parseMounts(mounts, () => "cpuset cpu io memory pids\n"),
    { unified: "/sys/fs/cgroup", controllers: { cpu: at, memory: at, pids: at } },
  )
})

test("side by side, version 2 holds processes together and version 1 limits them", () => {
  const mounts = [
    "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0",
    "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0",
    "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0",
  ].join("\n")
  assert.deepEqual(
    parseMounts(mounts, () => "hugetlb\n"),
    {
      unified: "/sys/fs/cgroup/unified",
      controllers: { cpu: { mount: "/sys/fs/cgroup/cpu,cpuacct", version: 1 }, memory: { mount: "/sys/fs/cgroup/memory", version: 1 } },
    },
  )
})

test("where nothing is mounted there is nothing", () => {
  assert.deepEqual(
    parseMounts("", () => ""),
    { unified: undefined, controllers: {} },
  )
})
