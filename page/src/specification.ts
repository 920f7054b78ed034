// SPDX-License-Identifier: Apache-2.0
//
// A specification as the form edits it. There are two forms of the file (src/spec/json_spec.c): the first one, and
// the later one, where some keys are in ModelMetadata and the border is half an overlap.

export type Specification = Record<string, unknown>;

const inner = (s: Specification) => s.ModelMetadata as Specification | undefined;

export const classesOf = (s: Specification) => ((inner(s) ?? s).Classes as string[] | null | undefined) ?? [];

export function withClasses(s: Specification, Classes: string[]): Specification {
  const metadata = inner(s);
  return metadata ? { ...s, ModelMetadata: { ...metadata, Classes } } : { ...s, Classes };
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
