//! Works: counts primes and sorts numbers, without a host call until the end. For measuring: the
//! first argument says how much (1,000,000 without one).

fn primes_below(limit: usize) -> usize {
    let mut composite = vec![false; limit.max(2)];
    let mut count = 0;
    for candidate in 2..composite.len() {
        if composite[candidate] {
            continue;
        }
        count += 1;
        for multiple in (candidate * 2..composite.len()).step_by(candidate) {
            composite[multiple] = true;
        }
    }
    count
}

fn sorted_sum(length: usize) -> u64 {
    let mut seed = 88_172_645_463_325_252_u64;
    let mut numbers: Vec<u64> = (0..length)
        .map(|_| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed
        })
        .collect();
    numbers.sort_unstable();
    numbers
        .iter()
        .step_by(1_000)
        .fold(0, |sum, number| sum ^ number)
}

fn main() {
    let size = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_000_000);
    println!("{} primes below {size}", primes_below(size));
    println!("{:016x}", sorted_sum(size));
}
