//! Events over the socket.

use vgw::api::ClientError;
use vgw::api::generated::virtual_gateway::{ErrorKind, Events, RequestError, TVirtualGatewaySyncClient};

use crate::daemon::Daemon;

#[test]
fn questions_out_of_bounds_are_refused() {
    let daemon = Daemon::unix();
    let mut client = daemon.client();
    for (max, wait, field) in [(0, 0, "max"), (501, 0, "max"), (1, -1, "wait_ms"), (1, 60_001, "wait_ms")] {
        match client.call(|daemon| daemon.events(0, max, wait)) {
            Err(ClientError::Refused(RequestError { kind, field: blamed, .. })) => {
                assert_eq!((kind, &*blamed), (ErrorKind::INVALID, field));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(client.call(|daemon| daemon.events(-20, 500, 0)).unwrap(), Events::new(vec![], 0, 0));
}
