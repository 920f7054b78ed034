// SPDX-License-Identifier: Apache-2.0
//
// A specification as the form edits it. There are two forms of the file (src/spec/json_spec.c): the first one, and
// the later one, where some keys are in ModelMetadata and the border is half an overlap.

export type Specification = Record<string, unknown>;

const inner = (s: Specification) => s.ModelMetadata as Specification | undefined;

/** A class of the specification. The colour is #rrggbb; null: the library chooses it. */
export interface Class {
  name: string;
  colour: string | null;
}

export function classesOf(s: Specification): Class[] {
  const names = ((inner(s) ?? s).Classes as string[] | null | undefined) ?? [];
  const colours = (s.ClassColors as (string | null)[] | null | undefined) ?? [];
  return names.map((name, i) => ({ name, colour: colours[i] ?? null }));
}

export function withClasses(s: Specification, classes: Class[]): Specification {
  const metadata = inner(s);
  const Classes = classes.map(({ name }) => name);
  const colours = classes.map(({ colour }) => colour);
  const result = metadata ? { ...s, ModelMetadata: { ...metadata, Classes } } : { ...s, Classes };
  return withKey(result, 'ClassColors', colours.some((colour) => colour !== null) ? colours : undefined);
}

export function borderOf(s: Specification): number {
  const overlap = inner(s)?.MinOverlap as number[] | undefined;
  return inner(s) ? Math.ceil(Math.max(0, ...(overlap ?? [])) / 2) : (s.BorderSize as number);
}

export function withBorder(s: Specification, border: number): Specification {
  const metadata = inner(s);
  if (!metadata) return { ...s, BorderSize: border };
  return { ...s, ModelMetadata: { ...metadata, MinOverlap: [2 * border, 2 * border] } };
}

/** The value of a key that both forms have; undefined takes the key away. */
export function withKey(s: Specification, key: string, value: unknown): Specification {
  const result = { ...s, [key]: value };
  if (value === undefined) delete result[key];
  return result;
}

export function steps(s: Specification, key: 'Preprocessing' | 'Postprocessing'): string[] {
  const value = s[key] as string | string[] | undefined;
  return typeof value === 'string' ? [value] : (value ?? []);
}

/** With the step of this name replaced by `step`, or taken away. Others keep their order. */
export function withStep(
  s: Specification,
  key: 'Preprocessing' | 'Postprocessing',
  name: string,
  step: string | null,
): Specification {
  const others = steps(s, key).filter((other) => other.split('=')[0] !== name);
  const all = step === null ? others : [...others, step];
  return withKey(s, key, all.length ? all : undefined);
}
