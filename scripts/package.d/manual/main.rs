//! Writes the manual: vgw(1) and a page for each of its commands, vgwd(8), vgwd.toml(5), vgw-drops(7).
//!
//! usage: cargo run --example manual FOLDER

mod pages;
mod roff;

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs, io};

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1).map(PathBuf::from) else {
        return complain("usage: cargo run --example manual FOLDER");
    };
    let written = fs::create_dir_all(&folder)
        .and_then(|()| pages::all().into_iter().try_for_each(|(name, page)| fs::write(folder.join(name), page)));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&format!("{}: {error}", folder.display())),
    }
}

fn complain(what: &str) -> ExitCode {
    // Whoever does not read it has the exit code.
    let _ = io::Write::write_fmt(&mut io::stderr(), format_args!("{what}\n"));
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests;
