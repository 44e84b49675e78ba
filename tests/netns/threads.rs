//! No more threads are to be had, as at the limit of a control group: who asks is refused, all else goes on, and it
//! passes. `RLIMIT_NPROC` stands for `TasksMax=`; it holds for users other than root.

use vgw::api::generated::instance_service::TInstanceServiceSyncClient;

use crate::cli::{must, vgw};
use crate::daemon::request;
use crate::faults::Flood;
use crate::lab::eventually;
use crate::namespace::Namespace;
use crate::repair::ours;
use crate::service::{USER, attach, start_as_user};
use crate::site::{NET1, NET2, OUTSIDE, SUBNETS, Site};

#[test]
fn without_threads_requests_are_refused_and_forwarding_goes_on() {
    let (site, guest) = (Site::new(), Namespace::new());
    let before = site.snapshot();
    let daemon = start_as_user(&site, site.folder(), "");
    let [one, two] = [request("vgw1", NET1, &SUBNETS), request("vgw2", NET2, &["192.168.2.0/24"])];
    assert!(daemon.add(&[one.clone(), two.clone()]));
    attach(&site, &guest);
    let flood = Flood::start(&guest, OUTSIDE[0]);
    let mut early = daemon.controller();
    let all = ours(&site.compute);
    let user = format!("setpriv --reuid={USER} --regid={USER} --clear-groups");
    let limit = |words: &str| {
        let (well, said) = site.compute.run(&format!("{user} prlimit --pid {} --nproc{words}", daemon.pid()));
        assert!(well, "{said}");
        said
    };
    let usual = limit(" --output SOFT --noheadings --raw").trim().to_owned();
    limit("=1:");
    // A connection has a thread; what needs none is served by those that stand.
    let (code, _, said) = vgw(site.folder(), "status");
    assert_ne!(code, Some(0), "{said}");
    daemon.wait_for_log("no thread for a connection");
    let add = |number: i32| request(&format!("vgw{number}"), "more", &[&format!("10.60.{number}.0/24")]);
    assert!(early.add_virtual_gateway(vec![add(3)]).unwrap());
    // The kernel deletes a tap in a thread's time.
    assert!(!early.delete_virtual_gateway(vec!["vgw2".to_owned()]).unwrap());
    daemon.wait_for_log("cannot start a thread");
    assert!(!early.delete_virtual_gateway(vec!["vgw3".to_owned()]).unwrap());
    // What an audit deletes goes in any case: the tap stays, and nobody reads it. So it is no gateway's any more.
    assert!(early.audit_timer_for_virtual_gateway(3000).unwrap() && early.connect_for_virtual_gateway().unwrap());
    assert!(early.add_virtual_gateway(vec![one, add(3)]).unwrap());
    daemon.wait_for_log("deleted by the audit");
    assert!(!early.add_virtual_gateway(vec![two.clone()]).unwrap());
    limit(&format!("={usual}:"));
    eventually("it can be made", || early.add_virtual_gateway(vec![two.clone()]).unwrap());
    assert!(early.delete_virtual_gateway(vec!["vgw3".to_owned()]).unwrap());
    eventually("all is as before", || ours(&site.compute) == all);
    let status = must(site.folder(), "status -j");
    assert!(status.contains(r#""problems":[]"#), "{status}");
    must(site.folder(), "gateway delete vgw2");
    flood.assert_whole();
    daemon.assert_accounted();
    daemon.stop();
    site.compute.ip("link delete vnet7 type veth");
    site.assert_unchanged(&before, "after the daemon has ended");
}
