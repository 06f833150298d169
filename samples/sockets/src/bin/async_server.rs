//! Serves HTTP with hyper on tokio, on one thread: `POST /echo` is answered with what came, `GET` with
//! a greeting, and `GET /quit` ends it. The first argument is the address to listen on.

use hyper::service::{make_service_fn, service_fn};
use hyper::{Body, Method, Request, Response, Server};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

/// Ends the program when the answer has gone out. By a task of its own: nothing in a module wakes what
/// `main` waits for before the next event from outside.
fn quit_soon() {
    tokio::spawn(async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        std::process::exit(0);
    });
}

async fn greet(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().to_owned();
    Ok(match (request.method(), &*path) {
        (&Method::POST, "/echo") => Response::new(request.into_body()), // <- echoes
        (_, "/quit") => {
            quit_soon();
            Response::new(Body::from("bye"))
        }
        (_, path) => Response::new(Body::from(format!("hello from {path}"))), // <- greets
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "0.0.0.0:8080".to_owned());
    let address: SocketAddr = address.parse()?;
    let service = make_service_fn(|_| async { Ok::<_, Infallible>(service_fn(greet)) });
    let server = Server::bind(&address).serve(service); // <- binds
    println!("listening on {}", server.local_addr());
    server.await?;
    Ok(())
}
