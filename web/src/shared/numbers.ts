/** A number in groups, for reading aloud. What is no plain number stays as it is. */
export function readable(number: string): string {
  const chinese = /^\+86(1\d{2})(\d{4})(\d{4})$/.exec(number);
  if (chinese) return `+86 ${chinese[1]} ${chinese[2]} ${chinese[3]}`;
  const other = /^\+(\d{1,3}?)(\d{3})(\d{3})(\d{3,4})$/.exec(number);
  if (other) return `+${other[1]} ${other[2]} ${other[3]} ${other[4]}`;
  return number;
}
