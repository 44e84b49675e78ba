//! Numbers for Prometheus: GET /metrics, in the text format of OpenMetrics 1.0 or, for who does not
//! ask for that, in Prometheus' own, version 0.0.4.

mod families;
mod text;

use std::time::Duration;

use crate::engine::{Caller, Handle, ProcessUse, Since};

use super::server::{HttpService, Request, Response};
use text::{Dialect, Text};

/// Makes the service of one reader's connection. `interfaces` is how many gateways and ports have numbers
/// of their own; `process` looks at this process.
#[must_use]
pub fn metrics(engine: Handle, caller: Caller, interfaces: usize, process: fn() -> ProcessUse) -> Box<dyn HttpService> {
    Box::new(Metrics { engine, caller, interfaces, process })
}

struct Metrics {
    engine: Handle,
    caller: Caller,
    interfaces: usize,
    process: fn() -> ProcessUse,
}

impl HttpService for Metrics {
    fn answer(&self, request: &Request<'_>) -> Response {
        let plain = |status, text: &str| Response { status, form: "text/plain; charset=utf-8", body: text.to_owned() };
        match (request.method, request.path) {
            ("GET", "/metrics") => {}
            (_, "/metrics") => return plain(405, "only GET is served\n"),
            _ => return plain(404, "the numbers are at /metrics\n"),
        }
        let Ok(view) = self.engine.status(&self.caller) else { return plain(503, "the daemon is stopping\n") };
        let dialect = Dialect::asked(request.accept);
        let mut text = Text::new(dialect);
        let happened = self.engine.events().read(Since::Last(0), 0, Duration::ZERO).newest;
        families::write(&mut text, &view, happened, self.interfaces);
        families::write_process(&mut text, &(self.process)());
        Response { status: 200, form: dialect.media_type(), body: text.finish() }
    }
}
