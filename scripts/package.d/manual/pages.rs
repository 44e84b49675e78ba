//! The pages: from the command lines, the table of the configuration's keys, and the drop reasons.

use std::collections::BTreeMap;

use clap::builder::Resettable;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use vgw::cli::args;
use vgw::config::{Absent, SECTIONS};
use vgw::daemon;
use vgw::forward::DropReason;

use crate::roff::Page;

/// Every page, by file name.
pub(crate) fn all() -> BTreeMap<String, String> {
    let mut pages = BTreeMap::from([
        ("vgwd.8".to_owned(), vgwd()),
        ("vgwd.toml.5".to_owned(), configuration()),
        ("vgw-drops.7".to_owned(), drops()),
    ]);
    let mut command = without_help(args::Arguments::command());
    command.build();
    walk(&command, "vgw", &mut pages);
    pages
}

/// `vgw help` is no page of its own, at no depth.
fn without_help(command: Command) -> Command {
    command.disable_help_subcommand(true).mut_subcommands(without_help)
}

/// A page for the command and for each below it.
fn walk(command: &Command, name: &str, pages: &mut BTreeMap<String, String>) {
    pages.insert(format!("{name}.1"), vgw(command, name));
    for below in visible(command) {
        walk(below, &format!("{name}-{}", below.get_name()), pages);
    }
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|below| !below.is_hide_set())
}

/// What clap knows, with the text that it would only append: examples stay as they are typed.
fn vgw(command: &Command, name: &str) -> String {
    let shown = command.clone().display_name(name).after_help(Resettable::Reset);
    let mut page = made(shown, "1");
    let below: Vec<String> = visible(command).map(|below| format!("{name}-{}(1)", below.get_name())).collect();
    match command.get_after_help().map(ToString::to_string).unwrap_or_default().split_once("Example:\n") {
        Some((before, examples)) => {
            if !before.trim().is_empty() {
                page.heading("EXIT STATUS");
                page.paragraph(before.trim().trim_start_matches("Exit codes: "));
            }
            page.heading("EXAMPLES");
            page.verbatim(&examples.lines().map(|line| line.trim_start_matches("  ")).collect::<Vec<_>>().join("\n"));
        }
        None => assert!(!below.is_empty() || name == "vgw", "{name} has no example"),
    }
    let parent = name.rsplit_once('-').map(|(parent, _)| format!("{parent}(1)"));
    let mut others: Vec<&str> = below.iter().chain(&parent).map(String::as_str).collect();
    others.extend(["vgwd(8)", "vgwd.toml(5)", "vgw-drops(7)"]);
    page.see_also(&others);
    page.finish()
}

fn vgwd() -> String {
    let mut page = made(daemon::Arguments::command(), "8");
    page.heading("SIGNALS");
    page.item(
        "SIGHUP",
        "",
        "Reads the configuration again. If anything in it is wrong, nothing changes and the log says where.",
    );
    page.item(
        "SIGTERM, SIGINT",
        "",
        "Finishes the calls under way, removes everything of its own from the kernel, and ends.",
    );
    page.heading("EXIT STATUS");
    for (code, meaning) in [
        ("0", "Stopped by a signal; nothing is left behind."),
        ("1", "Could not start: address in use, state directory held by another daemon, kernel."),
        ("2", "Wrong flags."),
        ("77", "A right or device is missing."),
        ("78", "The configuration is wrong; file, line and key are named."),
    ] {
        page.item(code, "", meaning);
    }
    page.heading("ENVIRONMENT");
    page.item("VGW_LOG", "", "What is logged, by target: vgw::sys=debug. It counts more than -v.");
    page.item(
        "JOURNAL_STREAM",
        "",
        "If it names standard error, lines go to the journal with fields: VGW_INTERFACE, VGW_INSTANCE, VGW_CALLER.",
    );
    page.item(
        "NOTIFY_SOCKET, WATCHDOG_USEC",
        "",
        "Who is told that the daemon is ready, reloading, stopping and alive, see sd_notify(3).",
    );
    page.heading("FILES");
    for (path, meaning) in [
        ("/etc/vgw/vgwd.toml, /etc/vgw/vgwd.d/*.toml", "The configuration, see vgwd.toml(5)."),
        ("/run/vgw/vgwd.sock", "Where vgw(1) asks."),
        ("/run/vgw/leases", "What DHCP clients have leased, see vgw-uplink-lease(1)."),
        ("/var/lib/vgw", "What must be given back to the host, even after a crash."),
    ] {
        page.item(path, "", meaning);
    }
    page.see_also(&["vgw(1)", "vgwd.toml(5)", "vgw-drops(7)"]);
    page.finish()
}

fn configuration() -> String {
    let mut page = Page::new("vgwd.toml", 5, "configuration of vgwd, the virtual gateway daemon");
    page.heading("SYNOPSIS");
    page.paragraph("/etc/vgw/vgwd.toml, /etc/vgw/vgwd.d/*.toml");
    page.heading("DESCRIPTION");
    page.paragraph(
        "TOML. Every key has a default, and so has the file: without it vgwd starts and waits for calls. Unknown keys \
         are refused. The files of vgwd.d are read after the first one, by name: their gateways, ports, uplinks, \
         routes and networks are added, single values replace earlier ones. SIGHUP reads everything again; if \
         something is wrong, nothing changes and the log names file, line and key.",
    );
    for section in SECTIONS {
        page.heading(section.header);
        page.paragraph(section.meaning);
        for key in section.keys {
            let absent = match key.absent {
                Absent::Refused => "required".to_owned(),
                Absent::Instead(other) => format!("required unless {other} is given"),
                Absent::Default(value) => format!("default: {value}"),
            };
            page.item(key.name, &format!("{}; {absent}", key.form), key.meaning);
        }
    }
    page.heading("EXAMPLES");
    page.verbatim(
        "[[uplink]]\nname = \"display\"\ndevice = \"eth1\"\naddress = \"20.0.0.5/24\"\nvia = \"20.0.0.1\"\n\n\
         [[gateway]]\ninterface = \"vgw1\"\nrouting_instance = \"default-domain:admin:net1:net1\"\n\
         subnets = [\"192.168.1.0/24\"]\nuplink = \"display\"",
    );
    page.see_also(&["vgwd(8)", "vgw(1)", "vgw-import(1)"]);
    page.finish()
}

fn drops() -> String {
    let mut page = Page::new("vgw-drops", 7, "why vgwd drops packets, and what to do about it");
    page.heading("DESCRIPTION");
    page.paragraph(
        "For every port, received = sent + answered + held + dropped, and every drop has one of these reasons. \
         vgw-port-show(1) and vgw-gateway-show(1) count them. The names are those of the kernel's SKB_DROP_REASON_* \
         where it has the same case.",
    );
    page.heading("REASONS");
    for reason in DropReason::ALL {
        page.item(reason.name(), "", &sentence(reason.meaning()));
        page.more(&format!("What to do: {}", sentence(reason.cure())));
    }
    page.see_also(&["vgw-port-show(1)", "vgw-status(1)", "vgwd(8)"]);
    page.finish()
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let stop = if text.ends_with('?') { "" } else { "." };
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect::<String>() + stop).unwrap_or_default()
}

/// What clap knows of a command, without what stands behind its options.
fn made(command: Command, section: &str) -> Page {
    let man = Man::new(command).section(section).manual("").source(concat!("vgw ", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    // Writing to a Vec cannot fail.
    let _ = man.render(&mut text);
    Page::after(text)
}
