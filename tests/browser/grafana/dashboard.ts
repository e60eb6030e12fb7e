// SPDX-License-Identifier: Apache-2.0
// What a dashboard in a file may contain: Grafana's published types, where those are precise, and what
// they leave open (unknown, string) as the documentation of Grafana has it. "schema", "stat", "table",
// "timeseries" and "prometheus" are resolved by dashboard.test.mjs, for one version of Grafana at a time.

import type * as schema from "schema";
import type * as prometheus from "prometheus";
import type * as stat from "stat";
import type * as table from "table";
import type * as timeseries from "timeseries";
import type { Unit } from "./units.ts";

// The values of an enum in place of the enum, as JSON has them, at any depth.
type Plain<T> = T extends string ? (string extends T ? string : `${T}`)
  : T extends number | boolean | null | undefined ? T
  : T extends Array<infer Item> ? Array<Plain<Item>>
  : T extends object ? { [Key in keyof T]: Plain<T[Key]> } : T;

// Options are merged with the defaults of the panel, so none is required.
type Optional<T> = T extends Array<unknown> ? T
  : T extends object ? { [Key in keyof T]?: Optional<T[Key]> } : T;

type But<T, Replaced> = Omit<T, keyof Replaced> & Replaced;

type Reducer = "lastNotNull" | "last" | "firstNotNull" | "first" | "min" | "max" | "mean" | "sum" | "count";
type Color = "green" | "yellow" | "orange" | "red" | "blue" | "purple" | "text" | "transparent"
  | `${"dark" | "semi-dark" | "light" | "super-light"}-${"green" | "yellow" | "orange" | "red" | "blue" | "purple"}`;

interface DataLink { title: string; url: string; targetBlank?: boolean }

interface Place { h: number; w: number; x: number; y: number }

type Threshold = But<Plain<schema.Threshold>, { color: Color }>;

type Field<Custom> = But<Plain<schema.FieldConfig>, {
  color?: But<Plain<schema.FieldColor>, { fixedColor?: Color }>;
  custom?: Custom;
  links?: DataLink[];
  thresholds?: But<Plain<schema.ThresholdsConfig>, { steps: Threshold[] }>;
  unit?: Unit;
}>;

// An override sets what a field has: {"id": "unit", …}, {"id": "custom.width", …}.
type Property<T, Prefix extends string = ""> = { [Key in keyof T & string]-?:
  Key extends "custom" ? never : { id: `${Prefix}${Key}`; value: NonNullable<T[Key]> } }[keyof T & string];

type Matcher = { id: "byName" | "byRegexp" | "byFrameRefID"; options: string }
  | { id: "byType"; options: "number" | "string" | "time" };

interface Fields<Custom> {
  defaults: Field<Custom>;
  overrides: Array<{
    matcher: Matcher;
    properties: Array<Property<Field<Custom>> | Property<Custom, "custom.">>;
  }>;
}

type Transformation = { id: "organize"; options: {
    excludeByName: Record<string, boolean>; indexByName: Record<string, number>;
    renameByName: Record<string, string> } }
  | { id: "sortBy"; options: { sort: Array<{ field: string; desc?: boolean }> } }
  | { id: "merge"; options: Record<string, never> };

interface Source { type: "prometheus"; uid: string }

type Target = But<Plain<prometheus.PrometheusDataQuery>, { datasource: Source }>;

type PanelOf<Type, Options, Custom> = But<Plain<schema.Panel>, {
  type: Type;
  id: number;
  title: string;
  description: string;
  datasource: Source;
  gridPos: Place;
  fieldConfig: Fields<Custom>;
  options: Options;
  targets: Target[];
  transformations?: Transformation[];
}>;

type Reduced = { reduceOptions?: { calcs?: Reducer[]; fields?: string; values?: boolean; limit?: number } };
type Legend = { legend?: But<Optional<Plain<timeseries.Options["legend"]>>, { calcs?: Reducer[] }> };

type Panel =
  | PanelOf<"stat", But<Optional<Plain<stat.Options>>, Reduced>, Record<string, never>>
  | PanelOf<"table", Optional<Plain<table.Options>>, Optional<Plain<table.FieldConfig>>>
  | PanelOf<"timeseries", But<Optional<Plain<timeseries.Options>>, Legend>, Optional<Plain<timeseries.FieldConfig>>>;

// "definition" is what Grafana's editor shows; its schema leaves it out, its exports have it.
type Variable = But<Plain<schema.VariableModel>, { type: "datasource"; query: string; current: Record<string, never> }>
  | But<Plain<schema.VariableModel>, { type: "query"; datasource: Source; definition: string;
      query: { qryType?: number; query: string; refId: string } }>;

export type Dashboard = But<Plain<schema.Dashboard>, {
  id: null;
  schemaVersion: 38; // that of Grafana 10; later ones upgrade it
  uid: string;
  title: string;
  timezone: "browser" | "utc";
  weekStart: "" | "saturday" | "sunday" | "monday";
  panels: Panel[];
  templating: { list: Variable[] };
}>;
