//! Everything that can happen to a host, at random, over and over: at each quiet point the kernel is as
//! it should be, and no packet has left by a way that is not its own.
//!
//! `VGW_STORM_SEED` and `VGW_STORM_SECONDS` choose another storm, or a longer one (`scripts/storm`).

mod deed;
mod gauge;
mod plan;
mod pump;
mod rubbish;
mod strangers;
mod town;

use std::time::{Duration, Instant};

use deed::{Deed, Dice};
use town::Town;

use crate::namespace::Namespace;
use crate::site::Site;

/// A short storm, the same every time.
const SEED: u64 = 20_111;
const SECONDS: u64 = 15;

/// So many deeds come upon each other before it is quiet again.
const GUST: u64 = 6;

#[test]
#[expect(clippy::disallowed_methods, clippy::disallowed_macros, reason = "the storm's length, and what it did")]
fn a_storm_leaves_the_host_as_it_should_be() {
    let number = |name: &str, usual| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let (seed, seconds) = (number("VGW_STORM_SEED", SEED), number("VGW_STORM_SECONDS", SECONDS));
    eprintln!("seed {seed}, {seconds} s");
    let mut dice = Dice::new(seed);
    let (site, second) = (Site::new(), Namespace::new());
    let mut town = Town::new(&site, &second);
    let begin = Instant::now();
    let length = Duration::from_secs(seconds);
    let (mut deeds, mut gusts) = (0, 0);
    while begin.elapsed() < length {
        for _ in 0..=dice.below(GUST) {
            let deed = Deed::any(&mut dice);
            // What a daemon takes in the long run shows in one that lives long.
            if deed == Deed::Kill && begin.elapsed() > length / 4 {
                continue;
            }
            eprintln!("{deed:?}");
            town.suffer(deed, &mut dice);
            deeds += 1;
        }
        town.assert_quiet();
        gusts += 1;
    }
    let (packets, gauge) = town.end();
    eprintln!("{deeds} deeds in {gusts} gusts; {packets} packets, all by their own way; {gauge}");
    assert!(packets > 0);
    gauge.assert_flat();
}
