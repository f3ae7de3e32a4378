/** The newest of something that comes often, for those parts of the page that show it. */
export class Feed<T> {
  private value: T | null = null;
  private readonly listeners = new Set<() => void>();

  readonly get = (): T | null => this.value;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  put(value: T): void {
    this.value = value;
    for (const listener of this.listeners) listener();
  }
}
