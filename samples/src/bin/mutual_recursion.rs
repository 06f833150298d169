//! Fails: a recursive-descent parser on input that nests too deeply. The cycle that eats the
//! stack goes through three functions: `sum`, `product` and `atom`.

struct Parser<'a> {
    input: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn eat(&mut self, byte: u8) -> bool {
        let found = self.input.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    #[inline(never)]
    fn sum(&mut self) -> i64 {
        let mut value = self.product();
        while self.eat(b'+') {
            value += self.product();
        }
        value
    }

    #[inline(never)]
    fn product(&mut self) -> i64 {
        let mut value = self.atom();
        while self.eat(b'*') {
            value *= self.atom();
        }
        value
    }

    #[inline(never)]
    fn atom(&mut self) -> i64 {
        if self.eat(b'(') {
            let value = self.sum();
            self.eat(b')');
            return value;
        }
        let mut value = 0;
        while let Some(digit @ b'0'..=b'9') = self.input.get(self.at) {
            value = value * 10 + i64::from(digit - b'0');
            self.at += 1;
        }
        value
    }
}

fn evaluate(text: &str) -> i64 {
    let mut parser = Parser {
        input: text.as_bytes(),
        at: 0,
    };
    parser.sum()
}

fn main() {
    println!("{}", evaluate("2*(3+4)+1"));
    let deep = "(".repeat(1_000_000);
    println!("{}", evaluate(&deep));
}
