// Electricity for a database: it goes off between two statements, or just after a commit.
import { type Database, type Storage, StorageError, type Value } from "../../core/database.ts";

/** The machine is off: nothing of this life reaches the disk any more. */
export class PowerCut extends Error {
  override name = "PowerCut";
}

/** When the power goes. */
export interface Cut {
  /** Statements until then; the beginning and the end of a transaction are one of their own. */
  readonly after: number;
  /** The last statement still reaches the disk, but nobody hears of it. */
  readonly written: boolean;
}

/** One life of a server's database. What was committed is there in the next life. */
export class Power {
  on = true;
  /** Resolves when the power goes. */
  readonly gone: Promise<void>;
  /** Statements that failed as they were told to. */
  troubles = 0;
  #cut: { left: number; readonly written: boolean } | undefined;
  #trouble: number | undefined;
  readonly #off: () => void;

  /** `off` is called at the moment when it goes. */
  constructor(off: () => void = () => {}) {
    let gone = () => {};
    this.gone = new Promise((resolve) => gone = resolve);
    this.#off = () => {
      off();
      gone();
    };
  }

  /** Lets the power go after some statements more. */
  cutAfter({ after, written }: Cut): void {
    this.#cut = { left: after, written };
  }

  /** Lets the statement after `after` more ones fail, as on a disk that is busy. */
  troubleAfter(after: number): void {
    this.#trouble = after;
  }

  /** What was not reached will not come. */
  calm(): void {
    this.#cut = undefined;
    this.#trouble = undefined;
  }

  /** Now. */
  cut(): void {
    this.on = false;
    this.#off();
  }

  /** The database as this life sees it. */
  supply(inner: Storage): Storage {
    return {
      ...this.#statements(inner),
      location: inner.location,
      transaction: (work, options) =>
        this.#step(() =>
          inner.transaction(async (tx) => {
            const result = await work(this.#inside(tx));
            this.#failIfTold();
            return result;
          }, options)
        ),
      backup: (file) => inner.backup(file),
      close: () => inner.close(),
    };
  }

  #inside(tx: Database): Database {
    const self: Database = {
      ...this.#statements(tx),
      transaction: (work) => tx.transaction(() => work(self)),
      close: () => tx.close(),
    };
    return self;
  }

  #statements(inner: Database): Pick<Database, "all" | "run"> {
    return {
      all: <R>(sql: string, values?: readonly Value[]) =>
        this.#step(() => inner.all<R>(sql, values)),
      run: (sql, values) => this.#step(() => inner.run(sql, values)),
    };
  }

  async #step<R>(work: () => Promise<R>): Promise<R> {
    this.#mustBeOn();
    const last = this.#countDown();
    if (last && !last.written) this.cut();
    this.#mustBeOn();
    this.#failIfTold();
    const result = await work();
    if (last?.written) this.cut();
    // Whoever waited for a statement when the power went does not hear of it.
    this.#mustBeOn();
    return result;
  }

  #countDown() {
    if (!this.#cut || this.#cut.left-- > 0) return undefined;
    const cut = this.#cut;
    this.#cut = undefined;
    return cut;
  }

  #failIfTold(): void {
    this.#mustBeOn();
    if (this.#trouble === undefined || this.#trouble-- > 0) return;
    this.#trouble = undefined;
    this.troubles++;
    throw new StorageError("busy", "Cannot write: the disk is busy");
  }

  #mustBeOn(): void {
    if (!this.on) throw new PowerCut("the power is off");
  }
}
