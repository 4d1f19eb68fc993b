/** The known facts about a module, for scripts of the page. */

import { readManifest } from "../guest/inspect.js";
import { EMPTY, keysOf } from "../guest/snapshot.js";

/**
 * @param {import("../module/record.js").ModuleRecord} record
 * @param {import("../instances/instance.js").Instance[]} instances
 */
export function moduleInfoOf({ name, version, compiled, alive, generation, lastGood, previous }, instances) {
  const { versions, migrations, source } = compiled ? readManifest(compiled) : { versions: new Map(), migrations: [], source: null };
  return {
    module: name,
    hash: version?.hash ?? null,
    components: version?.components ?? [],
    /** By component, the version that it declares. @type {Record<string, string>} */
    versions: Object.fromEntries(versions),
    migrations,
    running: alive,
    generation,
    instances: instances.map(({ id, component, status }) => ({ instance: id, component, status })),
    source,
    keys: keysOf(lastGood ?? EMPTY),
    previous: previous?.version.hash ?? null,
    previousKeys: keysOf(previous?.snapshot ?? EMPTY),
  };
}

/**
 * An application has no components of ours and no state that is captured.
 * @param {import("../application/application.js").Application} application
 */
export function applicationInfoOf({ name, runs, stopped, version, generation, previous }) {
  return {
    module: name,
    hash: (runs ?? version)?.hash ?? null,
    components: [],
    versions: {},
    migrations: [],
    running: runs !== null && !stopped,
    generation,
    instances: [],
    source: null,
    keys: {},
    previous: previous?.hash ?? null,
    previousKeys: {},
  };
}
