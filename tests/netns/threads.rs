//! No more threads are to be had, as at the limit of a control group: who asks is refused, all else goes on, and it
//! passes. `RLIMIT_NPROC` stands for `TasksMax=`; it holds for users other than root.

use vgw::api::generated::instance_service::TInstanceServiceSyncClient;

use crate::cli::must;
use crate::daemon::{Controller, request};
use crate::faults::Flood;
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
    assert!(daemon.add(&[one, two.clone()]));
    attach(&site, &guest);
    let flood = Flood::start(&guest, OUTSIDE[0]);
    let mut early = daemon.controller();
    assert!(early.keep_alive_check().unwrap());
    let all = ours(&site.compute);
    let user = format!("setpriv --reuid={USER} --regid={USER} --clear-groups");
    let limit = |words: &str| {
        let (well, said) = site.compute.run(&format!("{user} prlimit --pid {} --nproc{words}", daemon.pid()));
        assert!(well, "{said}");
        said
    };
    let usual = limit(" --output SOFT --noheadings --raw").trim().to_owned();
    limit("=1:");
    // A connection that asks for something has a thread; those that stand serve one each.
    let mut crowd = Vec::new();
    while crowd.last_mut().is_none_or(|client: &mut Controller| client.keep_alive_check().is_ok()) {
        assert!(crowd.len() < 20, "all are served");
        crowd.push(daemon.controller());
    }
    daemon.wait_for_log("connection ended: there is no thread for it");
    let add = |number: i32| request(&format!("vgw{number}"), "more", &[&format!("10.60.{number}.0/24")]);
    assert!(early.add_virtual_gateway(vec![add(3)]).unwrap());
    // To delete a tap takes a thread's time; without one it is the caller's.
    assert!(early.delete_virtual_gateway(vec!["vgw2".to_owned(), "vgw3".to_owned()]).unwrap());
    assert!(early.add_virtual_gateway(vec![two]).unwrap());
    assert_eq!(ours(&site.compute), all);
    drop(crowd);
    limit(&format!("={usual}:"));
    let status = must(site.folder(), "status -j");
    assert!(status.contains(r#""problems":[]"#), "{status}");
    must(site.folder(), "gateway delete vgw2");
    flood.assert_whole();
    daemon.assert_accounted();
    daemon.stop();
    site.compute.ip("link delete vnet7 type veth");
    site.assert_unchanged(&before, "after the daemon has ended");
}
