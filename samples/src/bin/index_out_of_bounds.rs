//! Fails: an index out of bounds, inside of a closure, inside of a chain of iterators.
//!
//! The failing line belongs to the user, but most frames between it and `main` belong to `core`'s
//! iterators: what is worth seeing are the closure and the two functions around it.

#[derive(Debug)]
struct Reading {
    sensor: usize,
    celsius: f32,
}

/// The readings, each corrected by its sensor's offset, averaged.
fn average(readings: &[Reading], offsets: &[f32; 3]) -> f32 {
    let sum: f32 = readings
        .iter()
        .filter(|reading| reading.celsius > -40.0)
        .map(|reading| {
            let offset = offsets[reading.sensor]; // <- fails
            reading.celsius + offset
        })
        .sum();
    sum / readings.len() as f32
}

fn report(day: u8, readings: &[Reading]) {
    let offsets = [0.5, -0.25, 0.0];
    let mean = average(readings, &offsets); // <- averages
    println!("day {day}: {mean:.2} degrees");
}

fn main() {
    let monday = [
        Reading {
            sensor: 0,
            celsius: 20.0,
        },
        Reading {
            sensor: 2,
            celsius: 21.5,
        },
    ];
    let tuesday = vec![
        Reading {
            sensor: 1,
            celsius: 19.75,
        },
        Reading {
            sensor: 3,
            celsius: 22.0,
        },
    ];
    report(1, &monday);
    report(2, &tuesday); // <- reports
}
