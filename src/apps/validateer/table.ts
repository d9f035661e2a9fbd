/**
 * The table that is printed when the validateer is up.
 *
 * @module
 */

/** Prints rows of name and value below a title, aligned. */
export function renderTable(title: string, rows: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
  return [title, ...lines, ""].join("\n");
}
