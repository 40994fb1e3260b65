// What the flow of mail counts, for Prometheus.
import { Counter, Gauge, type Registry } from "prom-client";

export interface MailMetrics {
  /** A message came in that way. */
  arrived(protocol: "lmtp" | "smtp" | "http", outcome: "taken" | "refused"): void;
  delivered(recipients: number): void;
  /** A recipient of a sent message came to an end. */
  sent(outcome: "delivered" | "relayed" | "failed"): void;
  register(registry: Registry): void;
}

export function mailMetrics(waiting: () => Promise<{ readonly count: number }>): MailMetrics {
  const arrivals = new Counter({
    name: "navette_mail_arrivals_total",
    help: "Messages that were handed in, by way and outcome",
    labelNames: ["protocol", "outcome"],
    registers: [],
  });
  const deliveries = new Counter({
    name: "navette_mail_deliveries_total",
    help: "Messages put into inboxes, counted by recipient",
    registers: [],
  });
  const outgoing = new Counter({
    name: "navette_mail_sent_total",
    help: "Recipients of sent messages by how they came off",
    labelNames: ["outcome"],
    registers: [],
  });
  const queue = new Gauge({
    name: "navette_mail_waiting",
    help: "Sent messages that are not through yet",
    registers: [],
    async collect() {
      this.set((await waiting()).count);
    },
  });
  return {
    arrived: (protocol, outcome) => arrivals.inc({ protocol, outcome }),
    delivered: (recipients) => deliveries.inc(recipients),
    sent: (outcome) => outgoing.inc({ outcome }),
    register(registry) {
      for (const metric of [arrivals, deliveries, outgoing, queue]) {
        registry.registerMetric(metric);
      }
    },
  };
}
