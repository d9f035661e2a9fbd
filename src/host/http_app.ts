/**
 * The plain HTTP endpoints: `/is_initialized` and `/metrics`.
 *
 * Source: worker `service/src/initialized_service.rs` and `service/src/prometheus_metrics.rs` (839eda024)
 * Differs: both listen on 127.0.0.1 unless `--ws-external` is given.
 *
 * @module
 */
import { Hono } from "hono";

/** Answers `GET /is_initialized`: 200 once blocks are produced, 404 before. */
export function createHealthApp(isInitialized: () => Promise<boolean>): Hono {
  const app = new Hono();
  app.get(
    "/is_initialized",
    async (c) => await isInitialized() ? c.text("I am initialized.") : c.text("Not initialized yet.", 404),
  );
  return app;
}

/** Answers `GET /metrics` in Prometheus text format. */
export function createMetricsApp(render: () => Promise<string>): Hono {
  const app = new Hono();
  app.get("/metrics", async (c) => c.text(await render(), 200, { "content-type": "text/plain; version=0.0.4" }));
  return app;
}
