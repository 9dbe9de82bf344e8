/** Time: pauses that can be aborted, growing pauses, and signals with a time limit. */

/** Resolves after so many milliseconds; rejects with the signal's reason when it is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Doubles from `first` to `most` milliseconds; half of each is chance, so that clients part. */
export function backoff(attempt: number, { first = 250, most = 8000 } = {}): number {
  const whole = Math.min(most, first * 2 ** Math.min(attempt, 20));
  return whole / 2 + (Math.random() * whole) / 2;
}

/** A signal of our own that follows another one and has a time limit. */
export class Limit {
  readonly #own = new AbortController();
  readonly #outer: AbortSignal | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  isOver = false;

  constructor(ms: number, outer?: AbortSignal) {
    this.#outer = outer;
    if (outer?.aborted) this.#follow();
    outer?.addEventListener("abort", this.#follow, { once: true });
    this.renew(ms);
  }

  get signal(): AbortSignal {
    return this.#own.signal;
  }

  /** Begin to count anew. Zero or Infinity: no limit. */
  renew(ms: number): void {
    clearTimeout(this.#timer);
    if (ms > 0 && Number.isFinite(ms)) {
      this.#timer = setTimeout(() => {
        this.isOver = true;
        this.#own.abort();
      }, ms);
    }
  }

  /** Whoever makes a limit ends it: else its timer keeps a process from ending. */
  end(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#follow);
  }

  readonly #follow = (): void => this.#own.abort(this.#outer?.reason);
}
