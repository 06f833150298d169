//! Serves HTTP with hyper on tokio, on one thread: `POST /echo` is answered with what came, `GET` with
//! a greeting, and `GET /quit` ends it. The first argument is the address to listen on.

use hyper::service::{make_service_fn, service_fn};
use hyper::{Body, Method, Request, Response, Server};
use std::convert::Infallible;
use std::net::SocketAddr;
use tokio::sync::mpsc;

async fn greet(
    request: Request<Body>,
    quit: mpsc::Sender<()>,
) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().to_owned();
    Ok(match (request.method(), &*path) {
        (&Method::POST, "/echo") => Response::new(request.into_body()), // <- echoes
        (_, "/quit") => {
            // Nobody waits any more when this was asked before.
            let _ = quit.send(()).await;
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
    let (quit, mut wanted) = mpsc::channel(1);
    let service = make_service_fn(move |_| {
        let quit = quit.clone();
        async move { Ok::<_, Infallible>(service_fn(move |request| greet(request, quit.clone()))) }
    });
    let server = Server::bind(&address).serve(service); // <- binds
    println!("listening on {address}");
    let ended = async move {
        wanted.recv().await;
    };
    server.with_graceful_shutdown(ended).await?;
    Ok(())
}
