//! The calls that a daemon is killed in the midst of.

use std::fs;

use rustix::process::Signal;
use tempfile::TempDir;
use vgw::api::generated::instance_service::TInstanceServiceSyncClient;

use super::stage::Stage;
use crate::cli::vgw;
use crate::daemon::{Daemon, request};
use crate::lab::eventually;
use crate::site::{NET1, NET2, SUBNETS};

/// An uplink, and a gateway by it whose network leaves under another address.
const FILE: &str = "[host]\ncheck = \"off\"\n\
    [[uplink]]\nname = \"up\"\ndevice = \"eth1\"\naddress = \"10.1.1.254/24\"\nvia = \"10.1.1.253\"\n\
    [[gateway]]\ninterface = \"vgw0\"\nrouting_instance = \"file\"\nsubnets = [\"10.50.0.0/24\"]\nuplink = \"up\"\n";

/// In place of that gateway two others: one on a tap that was there before, one by the uplink and masqueraded.
const OTHERS: &str = "[[gateway]]\ninterface = \"vgw5\"\nrouting_instance = \"five\"\nsubnets = [\"10.55.0.0/24\"]\n\
    [[gateway]]\ninterface = \"vgw6\"\nrouting_instance = \"six\"\nsubnets = [\"10.56.0.0/24\"]\nuplink = \"up\"\n\
    masquerade = true\n";

/// How many steps there are.
pub(super) const STEPS: usize = 7;

/// True if the last of so many steps was to read the file again.
pub(super) fn is_reload(steps: usize) -> bool {
    steps == STEPS
}

/// The file after so many steps.
pub(super) fn file(steps: usize) -> String {
    match is_reload(steps) {
        true => FILE.split_once("[[gateway]]").unwrap().0.to_owned() + OTHERS,
        false => FILE.to_owned(),
    }
}

/// Takes a step; an error is no answer, or a refusal.
pub(super) fn step(stage: &Stage, daemon: &Daemon<'_>, folder: &TempDir, number: usize) -> Result<(), String> {
    let [v4, v6] = stage.guest.addresses();
    let netns = stage.guest.namespace.path();
    let words = match number {
        0 => {
            // Two in one call.
            let both = vec![request("vgw1", NET1, &SUBNETS), request("vgw2", NET2, &["10.52.0.0/24"])];
            let mut controller = daemon.try_controller().map_err(|error| error.to_string())?;
            let answer = controller.add_virtual_gateway(both).map_err(|error| error.to_string())?;
            return answer.then_some(()).ok_or_else(|| "refused".to_owned());
        }
        1 => "gateway add vgw3 --instance three --subnet 10.53.0.0/24 --uplink up --masquerade".to_owned(),
        2 => format!(
            "port add tap0 --instance {NET1} --address {v4}/32 --address {v6}/128 --netns {netns} --name eth0 \
             --guest-address {v4}/24 --guest-address {v6}/64 --gateway 192.168.1.1 --gateway 2001:db8:2::1"
        ),
        3 => format!("gateway add vgw1 --instance {NET1} --subnet {} --subnet 192.168.3.0/24 --weight 3", SUBNETS[0]),
        4 => "gateway delete vgw2".to_owned(),
        5 => "gateway delete vgw3".to_owned(),
        _ => {
            let done = || daemon.log().matches("configuration read again and applied").count();
            let refused = || daemon.log().matches("the configuration stays as it was").count();
            let (before, refusals) = (done(), refused());
            fs::write(folder.path().join("vgwd.toml"), file(STEPS)).unwrap();
            daemon.signal(Signal::HUP);
            eventually("the file is read again", || done() > before || refused() > refusals || !daemon.is_running());
            return (done() > before).then_some(()).ok_or_else(|| "it is gone, or has refused".to_owned());
        }
    };
    let (code, _, complaint) = vgw(folder.path(), &words);
    (code == Some(0)).then_some(()).ok_or(complaint)
}
