//! Works: does nothing but host calls: asks the clock and writes short lines, again and again. For
//! measuring: the first argument says how often (100,000 without one).

use std::io::Write;
use std::time::Instant;

fn main() {
    let times: u32 = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(100_000);
    let start = Instant::now();
    let mut stdout = std::io::stdout().lock();
    let mut backwards = 0;
    let mut last = start;
    for number in 0..times {
        let now = Instant::now();
        backwards += u32::from(now < last);
        last = now;
        if number % 10 == 0 {
            // Standard output is flushed at the end of each line: one call for each.
            writeln!(stdout, "{number:>15}").expect("stdout can be written");
        }
    }
    eprintln!("{times} readings, {backwards} backwards");
}
