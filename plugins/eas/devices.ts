// The registry of devices: who has been here, with what, and when.
import type { Database, Row } from "../../core/mod.ts";
import { type Device, Status, type Version, versions } from "./api.ts";
import type { RawQuery } from "./query.ts";

/** What a device tells of itself. MS-ASCMD 2.2.3.46 */
export type Description = Partial<
  Pick<
    Device,
    "model" | "os" | "friendlyName" | "phoneNumber" | "imei" | "language" | "operator" | "userAgent"
  >
>;

/** One request, as far as the registry cares. Times are milliseconds. */
export interface Sighting {
  readonly account: number;
  readonly id: string;
  readonly type: string;
  readonly version: Version;
  readonly userAgent: string;
  /** What OPTIONS says now: versions and commands. */
  readonly offer: string;
  readonly now: number;
}

export interface Seen {
  readonly device: Device;
  /** It was not known before. */
  readonly first: boolean;
  /** What is offered has changed since it was told. */
  readonly newOffer: boolean;
}

export interface Devices {
  /** Registers a request. Reads one row; writes only what changed, and the time once a minute. */
  seen(sighting: Sighting): Promise<Seen>;
  /** A device that has been here. */
  find(account: number, id: string): Promise<Device | undefined>;
  /** Keeps what a device tells of itself; each text at most 1024 characters. */
  describe(device: Device, description: Description): Promise<void>;
  /** Registers a Sync that succeeded. Writes once a minute. */
  synced(device: Device, now: number): Promise<void>;
  /** The devices of an account, or of all; last seen first. */
  list(account?: number): Promise<Device[]>;
  /** Forgets an account's devices. */
  forget(account: number): Promise<void>;
}

/** Android's account check sends this id: it is answered and never stored. */
const isCheck = (id: string) => id.toLowerCase() === "validate";

/** Times need not be more exact than this: a write for each request would be the larger evil. */
const minute = 60_000;
const longest = 1024;

/**
 * Checks the id and the type of a query. Real devices send more than the letters and digits that
 * `strict` wants. Throws Status 108 or 109.
 */
// MS-ASHTTP 2.2.1.1.1.2.3
export function checkDevice({ deviceId, deviceType }: RawQuery, strict: boolean): void {
  const id = strict ? /^[A-Za-z0-9]{1,64}$/ : /^[\w.{}:-]{1,64}$/;
  const type = strict ? /^[A-Za-z0-9]{1,32}$/ : /^[^\p{Cc}]{1,64}$/u;
  if (!id.test(deviceId)) throw new Status(108, "the DeviceId is missing or malformed");
  if (!type.test(deviceType)) throw new Status(109, "the DeviceType is missing or malformed");
}

/** The registry in the table `eas_device`. */
export function deviceRegistry(db: Database): Devices {
  return {
    seen: (sighting) => see(db, sighting),
    async find(account, id) {
      const row = await find(db, { account, id });
      return row && toDevice(row);
    },
    async describe(device, description) {
      if (isCheck(device.id)) return;
      const columns = Object.entries(columnOf).flatMap(([key, column]) => {
        const text = description[key as keyof Description];
        // The header is newer with every request than what was told once.
        if (key === "userAgent" && device.userAgent) return [];
        return text === undefined ? [] : [[column, text.slice(0, longest)] as const];
      });
      if (columns.length === 0) return;
      await db.run(
        `UPDATE eas_device SET ${columns.map(([column]) => `${column} = ?`).join(", ")}
         WHERE account = ? AND id = ?`,
        [...columns.map(([, text]) => text), device.account, device.id],
      );
    },
    async synced(device, now) {
      if (isCheck(device.id) || now - (device.lastSync ?? 0) < minute) return;
      await db.run("UPDATE eas_device SET last_sync = ? WHERE account = ? AND id = ?", [
        now,
        device.account,
        device.id,
      ]);
    },
    async list(account) {
      const rows = account === undefined
        ? await db.all("SELECT * FROM eas_device ORDER BY last_seen DESC, account, id")
        : await db.all(
          "SELECT * FROM eas_device WHERE account = ? ORDER BY last_seen DESC, id",
          [account],
        );
      return rows.map(toDevice);
    },
    async forget(account) {
      await db.run("DELETE FROM eas_device WHERE account = ?", [account]);
    },
  };
}

async function see(db: Database, sighting: Sighting): Promise<Seen> {
  if (isCheck(sighting.id)) return { device: fresh(sighting), first: false, newOffer: false };
  const row = await find(db, sighting);
  if (row === undefined) return await enter(db, sighting);
  const known = toDevice(row);
  const device: Device = {
    ...known,
    type: sighting.type,
    version: sighting.version,
    versions: versions.filter((v) => v === sighting.version || known.versions.includes(v)),
    lastSeen: sighting.now,
    // A device tells its User-Agent by Settings too; requests without the header do not erase it.
    userAgent: sighting.userAgent.slice(0, longest) || known.userAgent,
  };
  const newOffer = row.offer !== sighting.offer;
  const same = !newOffer && device.type === known.type && device.version === known.version &&
    device.userAgent === known.userAgent;
  if (same && sighting.now - known.lastSeen < minute) return { device, first: false, newOffer };
  await db.run(
    `UPDATE eas_device SET type = ?, user_agent = ?, version = ?, versions = ?, offer = ?,
       last_seen = ? WHERE account = ? AND id = ?`,
    [
      device.type,
      device.userAgent,
      device.version,
      device.versions.join(","),
      sighting.offer,
      sighting.now,
      sighting.account,
      sighting.id,
    ],
  );
  return { device, first: false, newOffer };
}

async function enter(db: Database, sighting: Sighting): Promise<Seen> {
  const device = fresh(sighting);
  // Two first requests may run at once: only one of them is the first.
  const { changes } = await db.run(
    `INSERT INTO eas_device (account, id, type, user_agent, version, versions, offer, first_seen,
       last_seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    [
      device.account,
      device.id,
      device.type,
      device.userAgent,
      device.version,
      device.version,
      sighting.offer,
      device.firstSeen,
      device.lastSeen,
    ],
  );
  return { device, first: changes === 1, newOffer: false };
}

async function find(
  db: Database,
  { account, id }: Pick<Sighting, "account" | "id">,
): Promise<Row | undefined> {
  const rows = await db.all("SELECT * FROM eas_device WHERE account = ? AND id = ?", [account, id]);
  return rows[0];
}

/** A device as its first request shows it. */
function fresh({ account, id, type, version, userAgent, now }: Sighting): Device {
  return {
    account,
    id,
    type,
    userAgent: userAgent.slice(0, longest),
    model: "",
    os: "",
    friendlyName: "",
    phoneNumber: "",
    imei: "",
    language: "",
    operator: "",
    version,
    versions: [version],
    firstSeen: now,
    lastSeen: now,
    lastSync: undefined,
  };
}

const columnOf = {
  userAgent: "user_agent",
  model: "model",
  os: "os",
  friendlyName: "friendly_name",
  phoneNumber: "phone_number",
  imei: "imei",
  language: "language",
  operator: "operator",
} as const;

function toDevice(row: Row): Device {
  return {
    account: Number(row.account),
    id: String(row.id),
    type: String(row.type),
    userAgent: String(row.user_agent),
    model: String(row.model),
    os: String(row.os),
    friendlyName: String(row.friendly_name),
    phoneNumber: String(row.phone_number),
    imei: String(row.imei),
    language: String(row.language),
    operator: String(row.operator),
    version: String(row.version),
    versions: String(row.versions).split(","),
    firstSeen: Number(row.first_seen),
    lastSeen: Number(row.last_seen),
    lastSync: row.last_sync === null ? undefined : Number(row.last_sync),
  };
}
