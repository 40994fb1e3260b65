// Something that one waits for and many may ring.

/** Rings that come while nobody waits are kept, as one. */
export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  /** An arrow, because it is handed on as a listener. */
  readonly ring = (): void => {
    this.#rung = true;
    this.#wake?.();
  };

  /** Resolves at the next ring, or at once if it has rung since the last time. */
  async heard(): Promise<void> {
    if (!this.#rung) await new Promise<void>((resolve) => this.#wake = resolve);
    this.#wake = undefined;
    this.#rung = false;
  }
}
