// What the EAS layer counts, for Prometheus.
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Running } from "./running.ts";

/** One finished request. */
export interface Measured {
  /** The command; `unknown` for what is none, so that nobody can invent labels. */
  readonly command: string;
  readonly version: string;
  /** The HTTP code, or `status 142` where the document says it. */
  readonly status: string;
  readonly seconds: number;
}

export interface Metrics {
  measure(request: Measured): void;
  /** A device was slowed down: by a smaller `window`, by a `stub`, or because of its `adds`. */
  braked(kind: "window" | "stub" | "adds"): void;
  register(registry: Registry): void;
}

export function easMetrics(running: Running): Metrics {
  const requests = new Counter({
    name: "navette_eas_requests_total",
    help: "ActiveSync requests by command, protocol version and outcome",
    labelNames: ["command", "version", "status"],
    registers: [],
  });
  // Waiting requests take minutes by intention: the buckets reach beyond the longest heartbeat.
  const duration = new Histogram({
    name: "navette_eas_request_seconds",
    help: "Time until an ActiveSync answer begins, in seconds",
    labelNames: ["command"],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 30, 60, 300, 900, 3600],
    registers: [],
  });
  const held = new Gauge({
    name: "navette_eas_running_requests",
    help: "ActiveSync requests that are being worked on or wait for changes",
    registers: [],
    collect() {
      this.set(running.count);
    },
  });
  const brakes = new Counter({
    name: "navette_eas_brakes_total",
    help: "Devices slowed down: the same answer asked for again and again, or the same added",
    labelNames: ["kind"],
    registers: [],
  });
  return {
    braked: (kind) => brakes.inc({ kind }),
    measure({ command, version, status, seconds }) {
      requests.inc({ command, version, status });
      duration.observe({ command }, seconds);
    },
    register(registry) {
      for (const metric of [requests, duration, held, brakes]) {
        registry.registerMetric(metric as Parameters<Registry["registerMetric"]>[0]);
      }
    },
  };
}
