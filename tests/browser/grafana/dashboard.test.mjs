// SPDX-License-Identifier: Apache-2.0
// The dashboard of conf/monitoring, against the schemas of the oldest and the newest Grafana that shall
// read it: the compiler gets it as an object of the type in dashboard.ts. So that this finds errors, it
// gets broken dashboards as well.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";

const HERE = import.meta.dirname;
const MODULES = path.join(HERE, "../node_modules");
const FILE = path.join(HERE, "../../../conf/monitoring/grafana-dashboard.json");

// Of each version: where the types of a panel are, given its names in lower and mixed case.
const VERSIONS = {
  10: { index: "dist/index.d.ts",
    panel: (lower, mixed) => `dist/esm/raw/composable/${lower}/panelcfg/x/${mixed}PanelCfg_types.gen.d.ts` },
  13: { index: "dist/types/index.d.ts",
    panel: (lower) => `dist/types/raw/composable/${lower}/panelcfg/x/types.gen.d.ts` },
};
// The query of Prometheus is a part of the schema in Grafana 10 only; later it is in a large package.
const QUERY = "grafana-schema-10/dist/esm/raw/composable/prometheus/dataquery/x/PrometheusDataQuery_types.gen.d.ts";

const read = () => JSON.parse(readFileSync(FILE, "utf8"));
// One panel of each type, which takes the compiler less time than all of them.
const small = (dashboard) => ({ ...dashboard, panels: dashboard.panels.filter((one, number, all) =>
  all.findIndex(({ type }) => type === one.type) === number) });
const panel = (dashboard, type) => dashboard.panels.find((one) => one.type === type);
const variable = (dashboard, type) => dashboard.templating.list.find((one) => one.type === type);

// What is wrong, and what makes it so.
const BROKEN = [
  ["a member that Grafana has removed", (d) => { d.style = "dark"; }],
  ["no version of the schema", (d) => { delete d.schemaVersion; }],
  ["a version that Grafana 10 does not know", (d) => { d.schemaVersion = 42; }],
  ["the id of one database", (d) => { d.id = 7; }],
  ["an unknown crosshair", (d) => { d.graphTooltip = 3; }],
  ["a list that is an object", (d) => { d.tags = {}; }],
  ["a panel that Grafana has removed", (d) => { panel(d, "timeseries").type = "graph"; }],
  ["an unknown panel", (d) => { panel(d, "stat").type = "stats"; }],
  ["a panel without a place", (d) => { delete panel(d, "stat").gridPos; }],
  ["a panel with an unknown member", (d) => { panel(d, "stat").titel = "x"; }],
  ["a misspelt option", (d) => { panel(d, "stat").options.colourMode = "value"; }],
  ["an option of another panel", (d) => { panel(d, "stat").options.showHeader = true; }],
  ["an unknown value of an option", (d) => { panel(d, "stat").options.colorMode = "rainbow"; }],
  ["an option of another type", (d) => { panel(d, "table").options.showHeader = "yes"; }],
  ["an option that is nested wrongly", (d) => { panel(d, "timeseries").options.legend.mode = "list"; }],
  ["an unknown calculation", (d) => { panel(d, "stat").options.reduceOptions.calcs = ["latest"]; }],
  ["an unknown unit", (d) => { panel(d, "table").fieldConfig.defaults.unit = "seconds"; }],
  ["a misspelt default", (d) => { panel(d, "stat").fieldConfig.defaults.units = "s"; }],
  ["an unknown color", (d) => { panel(d, "stat").fieldConfig.defaults.thresholds =
    { mode: "absolute", steps: [{ color: "greeen", value: null }] }; }],
  ["a threshold in words", (d) => { panel(d, "stat").fieldConfig.defaults.thresholds =
    { mode: "absolute", steps: [{ color: "green", value: "1" }] }; }],
  ["a mapping of no known type", (d) => { panel(d, "stat").fieldConfig.defaults.mappings =
    [{ type: "values", options: {} }]; }],
  ["a way to draw of no graph", (d) => { panel(d, "timeseries").fieldConfig.defaults.custom = { drawStyle: "lines" }; }],
  ["a table cell of Grafana 8", (d) => { panel(d, "table").fieldConfig.defaults.custom =
    { cellOptions: "color-text" }; }],
  ["an override of what no field has", (d) => { panel(d, "table").fieldConfig.overrides =
    [{ matcher: { id: "byName", options: "x" }, properties: [{ id: "custom.wide", value: 1 }] }]; }],
  ["an override with a wrong value", (d) => { panel(d, "table").fieldConfig.overrides =
    [{ matcher: { id: "byName", options: "x" }, properties: [{ id: "unit", value: "seconds" }] }]; }],
  ["an override of unknown fields", (d) => { panel(d, "table").fieldConfig.overrides =
    [{ matcher: { id: "byLabel", options: "x" }, properties: [] }]; }],
  ["an unknown transformation", (d) => { panel(d, "table").transformations =
    [{ id: "organise", options: {} }]; }],
  ["a misspelt member of a query", (d) => { panel(d, "stat").targets[0].legend = "x"; }],
  ["a query without an expression", (d) => { delete panel(d, "stat").targets[0].expr; }],
  ["a query in an unknown format", (d) => { panel(d, "table").targets[0].format = "rows"; }],
  ["another data source", (d) => { panel(d, "stat").datasource.type = "loki"; }],
  ["a data source by name", (d) => { panel(d, "stat").datasource = "Prometheus"; }],
  ["an unknown variable", (d) => { variable(d, "query").type = "queries"; }],
  ["a variable with an unknown member", (d) => { variable(d, "query").multiple = true; }],
  ["a variable that is refreshed never", (d) => { variable(d, "query").refresh = "never"; }],
];

const directory = mkdtempSync(path.join(tmpdir(), "mta-sts-grafana-"));
after(() => rmSync(directory, { recursive: true, force: true }));

function write(name, dashboard) {
  writeFileSync(path.join(directory, `${name}.ts`),
    `import type { Dashboard } from ${JSON.stringify(path.join(HERE, "dashboard.ts"))};\n` +
    `export const it: Dashboard = ${JSON.stringify(dashboard, null, 2)};\n`);
}

// Compiles everything in the directory. Returns [{ file, line, text, message }].
function compile(version) {
  const { index, panel: file } = VERSIONS[version];
  const inSchema = (name) => [path.join(MODULES, `grafana-schema-${version}`, name)];
  const config = path.join(directory, "tsconfig.json");
  writeFileSync(config, JSON.stringify({
    compilerOptions: {
      strict: true, exactOptionalPropertyTypes: true, noEmit: true, skipLibCheck: true, target: "es2022",
      module: "esnext", moduleResolution: "bundler", allowImportingTsExtensions: true, types: [],
      paths: {
        "schema": inSchema(index), "@grafana/schema": inSchema(index), "stat": inSchema(file("stat", "Stat")),
        "table": inSchema(file("table", "Table")), "timeseries": inSchema(file("timeseries", "TimeSeries")),
        "prometheus": [path.join(MODULES, QUERY)],
      },
    },
    include: ["*.ts"],
  }));
  const { stdout, stderr } = spawnSync(process.execPath,
    [path.join(MODULES, "typescript/bin/tsc"), "-p", config, "--pretty", "false"],
    { cwd: directory, encoding: "utf8", timeout: 120000 });
  assert.equal(stderr, "");
  return stdout.split("\n").filter((line) => line && !line.startsWith(" ")).map((line) => {
    const found = /^(.*)\((\d+),\d+\): error (.*)$/.exec(line);
    assert.ok(found, line);
    const [, name, number, message] = found;
    const lines = readFileSync(path.resolve(directory, name), "utf8").split("\n");
    return { file: path.basename(name, ".ts"), line: number, text: lines[number - 1], message };
  });
}

write("dashboard", read());
write("small", small(read()));
BROKEN.forEach(([, change], number) => {
  const dashboard = small(read());
  change(dashboard);
  write(`broken-${number}`, dashboard);
});

for (const version of Object.keys(VERSIONS)) {
  test(`the schema of Grafana ${version}`, async (t) => {
    const complaints = compile(version);
    await t.test("has all that the dashboard has", () => {
      assert.deepEqual(complaints.filter(({ file }) => !file.startsWith("broken-")), []);
    });
    for (const [number, [what]] of BROKEN.entries()) {
      await t.test(`does not have ${what}`, () => {
        assert.ok(complaints.some(({ file }) => file === `broken-${number}`));
      });
    }
  });
}
