// Core's own metrics, in a registry that plugins add theirs to.
import process from "node:process";
import { Counter, Gauge, Histogram, Registry } from "prom-client";

export interface Metrics {
  readonly registry: Registry;
  /** A request was answered; `route` is the pattern that took it, never the path. */
  request(route: string, status: number, seconds: number): void;
  login(outcome: string): void;
}

export function createMetrics(version: string): Metrics {
  const registers = [new Registry()];
  const registry = registers[0]!;
  const requests = new Counter({
    name: "navette_http_requests_total",
    help: "Answered requests",
    labelNames: ["route", "status"],
    registers,
  });
  const durations = new Histogram({
    name: "navette_http_request_seconds",
    help: "Time until an answer began; held requests included",
    labelNames: ["route"],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600, 3600],
    registers,
  });
  const logins = new Counter({
    name: "navette_logins_total",
    help: "Logins by outcome",
    labelNames: ["outcome"],
    registers,
  });
  new Gauge({
    name: "navette_resident_memory_bytes",
    help: "Memory of the process",
    registers,
    collect() {
      this.set(process.memoryUsage().rss);
    },
  });
  new Gauge({
    name: "navette_info",
    help: "The version, as a label",
    labelNames: ["version"],
    registers,
  }).set({ version }, 1);
  return {
    registry,
    request(route, status, seconds) {
      requests.inc({ route, status });
      durations.observe({ route }, seconds);
    },
    login: (outcome) => logins.inc({ outcome }),
  };
}
