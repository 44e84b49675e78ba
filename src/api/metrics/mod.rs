//! Numbers for Prometheus: GET /metrics, in the text format of OpenMetrics 1.0 or, for who does not
//! ask for that, in Prometheus' own, version 0.0.4.

mod families;
mod text;
mod together;

use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Caller, Handle, ProcessUse, Since};

use super::server::{HttpService, Request, Response};
use text::{Dialect, Text};
use together::Together;

/// Where all readers' numbers come from. Anybody may read, as often as he likes: those who make changes are not to wait
/// for each reader, nor is each to have a processor.
#[derive(Debug)]
pub struct Readings {
    engine: Handle,
    open: Together<String>,
    plain: Together<String>,
    interfaces: usize,
    process: fn() -> ProcessUse,
}

impl Readings {
    /// Numbers of this engine. `interfaces` is how many gateways and ports have numbers of their own; `process` looks
    /// at this process.
    #[must_use]
    pub fn new(engine: Handle, interfaces: usize, process: fn() -> ProcessUse) -> Self {
        Self { engine, open: Together::new(), plain: Together::new(), interfaces, process }
    }

    /// The text as it is now; `None` if the daemon is stopping.
    fn text(&self, dialect: Dialect, caller: &Caller) -> Option<Arc<String>> {
        let texts = match dialect {
            Dialect::Open => &self.open,
            Dialect::Plain => &self.plain,
        };
        texts.ask(|| {
            let view = self.engine.status(caller).ok()?;
            let mut text = Text::new(dialect);
            let happened = self.engine.events().read(Since::Last(0), 0, Duration::ZERO).newest;
            families::write(&mut text, &view, happened, self.interfaces);
            families::write_process(&mut text, &(self.process)());
            Some(text.finish())
        })
    }
}

/// Makes the service of one reader's connection.
#[must_use]
pub fn metrics(readings: Arc<Readings>, caller: Caller) -> Box<dyn HttpService> {
    Box::new(Metrics { readings, caller })
}

struct Metrics {
    readings: Arc<Readings>,
    caller: Caller,
}

impl HttpService for Metrics {
    fn answer(&self, request: &Request<'_>) -> Response {
        let plain = |status, text: &str| Response { status, form: "text/plain; charset=utf-8", body: text.to_owned() };
        match (request.method, request.path) {
            ("GET", "/metrics") => {}
            (_, "/metrics") => return plain(405, "only GET is served\n"),
            _ => return plain(404, "the numbers are at /metrics\n"),
        }
        let dialect = Dialect::asked(request.accept);
        let Some(text) = self.readings.text(dialect, &self.caller) else {
            return plain(503, "the daemon is stopping\n");
        };
        Response { status: 200, form: dialect.media_type(), body: Arc::unwrap_or_clone(text) }
    }
}
