//! Completion in the shells themselves, with the names of what stands.

use std::path::Path;
use std::process::Command;

use crate::cli::must;
use crate::site::{NET1, Site};

/// The scripts, as they are packaged.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/completions");

/// Presses the tabulator behind a line; what bash offers.
const BASH: &str = r#"
source "$SCRIPTS/vgw.bash"
complete -p vgw >/dev/null || exit 1
compopt() { printf 'files\n'; }
COMP_LINE=$1 COMP_POINT=${#1}
_vgw
printf '%s\n' "${COMPREPLY[@]}"
"#;

/// The same in fish.
const FISH: &str = r#"
source $SCRIPTS/vgw.fish
complete --do-complete $argv[1] | string replace --regex '\t.*' ''
true
"#;

/// The same in zsh, whose completion needs a terminal: what it makes of the line.
const ZSH: &str = r#"
zmodload zsh/zpty || exit 1
zpty shell zsh -f -i
zpty -w shell "PS1= PS2= fpath=($SCRIPTS \$fpath); autoload -U compinit; compinit -u -D; setopt no_beep no_list_beep"
zpty -w shell "bindkey '^I' complete-word; zstyle ':completion:*' list-prompt ''; zstyle ':completion:*' menu no"
zpty -w shell "report() { print -r -- \"<<\$BUFFER>>\"; zle kill-buffer }; zle -N report; bindkey '^X' report; print READY"
zpty -r shell seen '*READY*READY*'
zpty -w -n shell "$1"$'\t\x18'
zpty -r shell seen '*<<*>>*'
print -r -- "${${seen##*<<}%%>>*}"
zpty -d shell
"#;

/// Runs a script in a shell; its output lines.
fn run(shell: &str, folder: &Path, script: &str, line: &str) -> Vec<String> {
    let bin = Path::new(env!("CARGO_BIN_EXE_vgw")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("timeout");
    match shell {
        "bash" => command.args(["20", "bash", "--norc", "-c", script, "bash", line]),
        "fish" => command.args(["20", "fish", "--no-config", "--command", script, line]),
        _ => command.args(["20", "zsh", "-f", "-c", script, "zsh", line]),
    };
    command.env("PATH", path).env("SCRIPTS", SCRIPTS).env("VGW_SOCKET", folder.join("vgwd.sock"));
    command.env("HOME", folder).env("TERM", "dumb");
    let output = command.output().unwrap();
    let (text, complaint) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && complaint.is_empty(), "{shell}: {line}: {text}{complaint}");
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn every_shell_completes_commands_and_live_names() {
    let site = Site::new();
    let folder = site.folder();
    let cases = |instance_in_bash: &str| {
        [
            ("vgw gateway sh", "show".to_owned(), "vgw gateway show "),
            ("vgw gateway show vg", "vgw1".to_owned(), "vgw gateway show vgw1 "),
            ("vgw trace --port vg", "vgw1".to_owned(), "vgw trace --port vgw1 "),
            ("vgw uplink add u --lea", "--lease".to_owned(), "vgw uplink add u --lease "),
            ("vgw route list --instance default-domain:adm", instance_in_bash.to_owned(), ""),
        ]
    };
    let daemon = site.start("");
    must(folder, &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24"));
    // bash replaces what stands behind the last colon.
    for (line, offered, _) in cases("admin:net1:net1") {
        assert_eq!(run("bash", folder, BASH, line), [offered], "{line}");
    }
    assert_eq!(run("bash", folder, BASH, "vgw import "), ["files"]);
    for (line, offered, _) in cases(NET1) {
        assert_eq!(run("fish", folder, FISH, line), [offered], "{line}");
    }
    for (line, _, whole) in cases(NET1) {
        let whole = if whole.is_empty() { format!("vgw route list --instance {NET1} ") } else { whole.to_owned() };
        let got = run("zsh", folder, ZSH, line);
        assert_eq!(got.iter().map(|text| text.replace('\\', "")).collect::<Vec<_>>(), [whole], "{line}");
    }
    daemon.stop();
    for (shell, script) in [("bash", BASH), ("fish", FISH)] {
        assert_eq!(run(shell, folder, script, "vgw gateway show vg"), [""; 0], "{shell} without a daemon");
    }
    let unchanged = run("zsh", folder, ZSH, "vgw gateway show vg");
    assert_eq!(unchanged, ["vgw gateway show vg"], "zsh without a daemon");
}
