//! Whole projects, as people write them and as nobody should.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use wasmscope_compose::{Project, Service, Source};

struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("it has one")).expect("writable");
            fs::write(path, content).expect("writable");
        }
        Self { folder }
    }

    fn open(&self, host: &[(&str, &str)]) -> Result<Project, String> {
        let host = host.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let file = self.folder.path().join("compose.yaml");
        Project::open(&file, host.collect::<HashMap<_, _>>()).map_err(|error| error.to_string())
    }

    fn service(&self, name: &str) -> Result<Service, String> {
        self.open(&[])?
            .service(name)
            .map_err(|error| error.to_string())
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(own).collect()
}

const SHOP: &str = r#"
name: shop
x-env: &env
  RUST_BACKTRACE: full
  LEVEL: ${LEVEL:-info}
services:
  client:
    image: nginx:alpine
    ports: ["8090:80"]
  server:
    build: ./server
    platform: wasi/wasm
    runtime: io.containerd.wasmedge.v1
    entrypoint: /order.wasm --verbose "two words"
    environment:
      <<: *env
      DATABASE_URL: mysql://root:${PW}@db:3306/mysql
      FROM_SHELL:
      NOT_THERE:
    env_file:
      - a.env
      - path: missing.env
        required: false
    ports: ["8080:8080", "127.0.0.1:9000-9001:9000-9001/udp"]
    volumes: ["./data:/data:ro"]
    depends_on:
      db: { condition: service_healthy }
    extra_hosts: ["a:10.0.0.1", "host.docker.internal:host-gateway", "bad:xx"]
    profiles: [wasm]
    secrets: [token]
  db:
    image: mariadb:10.9
    container_name: the-db
    environment: { PASSWORD: "${NEVER:?set}" }
    ports: ["13306:3306"]
    networks: { default: { aliases: [mysql] } }
"#;

#[test]
fn a_service_with_all_that_matters() {
    let scene = Scene::new(&[
        ("compose.yaml", SHOP),
        (".env", "PW=secret\nLEVEL=debug\n"),
        ("a.env", "LEVEL=trace\nONLY_FILE=1\n"),
    ]);
    let project = scene
        .open(&[("FROM_SHELL", "s"), ("LEVEL", "warn")])
        .expect("valid");
    assert_eq!(project.name, "shop");
    assert_eq!(project.services(), ["client", "db", "server"]);
    let server = project.service("server").expect("it is there");
    assert_eq!(server.image, "shop-server");
    assert_eq!(server.build, Some(scene.path("server")));
    assert!(server.is_for_wasm());
    let words = ["/order.wasm", "--verbose", "two words"].map(str::to_owned);
    assert_eq!(server.entrypoint.as_deref(), Some(&words[..]));
    assert_eq!(server.command, None);
    let env: HashMap<_, _> = server.env.iter().cloned().collect();
    let expected = pairs(&[
        ("LEVEL", "warn"),
        ("ONLY_FILE", "1"),
        ("RUST_BACKTRACE", "full"),
        ("DATABASE_URL", "mysql://root:secret@db:3306/mysql"),
        ("FROM_SHELL", "s"),
    ]);
    assert_eq!(env, expected.into_iter().collect());
    assert_eq!(server.ports.len(), 3);
    assert_eq!(server.volumes[0].source, Source::Host(scene.path("data")));
    assert!(server.volumes[0].read_only);
    assert_eq!(server.depends_on[0].condition, "service_healthy");
    let hosts: Vec<_> = server.extra_hosts.iter().map(|h| h.1.to_string()).collect();
    assert_eq!(hosts, ["10.0.0.1", "127.0.0.1"]);
    let notes = server.notes.join("\n");
    assert!(
        notes.contains("`extra_hosts`: bad: `xx` is no address"),
        "{notes}"
    );
    assert!(notes.contains("`secrets` is left out"), "{notes}");
    // What is wrong with another service is no trouble of this one's.
    let db = server
        .neighbours
        .iter()
        .find(|n| n.service == "db")
        .expect("known");
    assert_eq!(db.names, ["db", "the-db", "mysql"]);
    assert_eq!(db.tcp_ports().next(), Some((3306, 13306, None)));
    assert!(db.needed);
    assert!(!server.neighbours[0].needed);
    let error = project.service("db").expect_err("its variable is missing");
    let error = error.to_string();
    assert!(
        error.ends_with("services.db.environment.PASSWORD: the variable NEVER has to be set: set"),
        "{error}"
    );
}

#[test]
fn the_service_that_is_meant() {
    let only = |text: &str, host: &[(&str, &str)]| {
        let project = Scene::new(&[("compose.yaml", text)])
            .open(host)
            .expect("valid");
        project
            .only()
            .map(|service| service.name)
            .map_err(|error| error.to_string())
    };
    let one = "services: {a: {image: x}}";
    assert_eq!(only(one, &[]), Ok("a".into()));
    let wasm = "services: {a: {image: x}, b: {image: y, platform: wasi/wasm32}}";
    assert_eq!(only(wasm, &[]), Ok("b".into()));
    let two = "services: {a: {image: x, runtime: io.containerd.wasmtime.v1}, \
               b: {image: y, platform: wasip1/wasm, profiles: [p]}}";
    assert_eq!(only(two, &[]), Ok("a".into()));
    let error = only(two, &[("COMPOSE_PROFILES", "q,p")]).expect_err("two");
    assert!(
        error.ends_with("with --service NAME; its services are a, b"),
        "{error}"
    );
    let none = "services: {a: {image: x}, b: {image: y}}";
    assert!(only(none, &[]).is_err());
}

#[test]
fn services_extend_others() {
    let scene = Scene::new(&[
        (
            "compose.yaml",
            "services:\n  web:\n    extends: {file: base/common.yaml, service: app}\n    \
             environment: [A=own]\n    ports: ['2:2']\n    command: [x]\n  \
             more: {extends: web, image: other}\n",
        ),
        (
            "base/common.yaml",
            "services:\n  app:\n    extends: root\n    env_file: app.env\n    ports: ['1:1']\n    \
             volumes: ['./files:/files', './a:/a']\n    command: [y, z]\n  \
             root: {image: base, environment: {A: base, B: base}}\n",
        ),
        ("base/app.env", "C=file\n"),
    ]);
    let more = scene.service("more").expect("valid");
    assert_eq!(more.image, "other");
    assert_eq!(more.command, Some(vec!["x".to_owned()]));
    let env: HashMap<_, _> = more.env.iter().cloned().collect();
    let expected = pairs(&[("A", "own"), ("B", "base"), ("C", "file")]);
    assert_eq!(env, expected.into_iter().collect());
    assert_eq!(more.ports.len(), 2);
    // Paths begin where the file is that names them.
    assert_eq!(
        more.volumes[0].source,
        Source::Host(scene.path("base/files"))
    );
}

#[test]
fn files_include_others() {
    let scene = Scene::new(&[
        (
            "compose.yaml",
            "include:\n  - sub/compose.yaml\n  - {path: [p/one.yaml, p/two.yaml], env_file: p/x.env}\n\
             services: {a: {image: x}}\n",
        ),
        (".env", "TAG=outer\n"),
        (
            "sub/compose.yaml",
            "services: {b: {image: 'y:${TAG}-${SUB}', volumes: ['./v:/v']}}\n",
        ),
        ("sub/.env", "TAG=inner\nSUB=sub\n"),
        (
            "p/one.yaml",
            "services: {c: {image: 'one:${X}', command: [k]}}\n",
        ),
        ("p/two.yaml", "services: {c: {image: two}}\n"),
        ("p/x.env", "X=x\n"),
    ]);
    let b = scene.service("b").expect("valid");
    assert_eq!(b.image, "y:outer-sub");
    assert_eq!(b.volumes[0].source, Source::Host(scene.path("sub/v")));
    let c = scene.service("c").expect("valid");
    assert_eq!((&*c.image, c.command), ("two", Some(vec!["k".to_owned()])));
}

#[test]
fn a_folders_file_is_overridden_by_another_one() {
    let scene = Scene::new(&[
        (
            "compose.yml",
            "services: {a: {image: x, command: [one], environment: {A: 1, B: 1}}, b: {image: y}}\n",
        ),
        (
            "compose.override.yml",
            "services: {a: {command: two, environment: {B: 2}}}\n",
        ),
    ]);
    let service = |target: &Path| {
        let project = Project::open(target, HashMap::new()).expect("valid");
        project.service("a").expect("it is there")
    };
    let overridden = service(scene.folder.path());
    assert_eq!(overridden.command, Some(vec!["two".to_owned()]));
    let env: HashMap<_, _> = overridden.env.into_iter().collect();
    assert_eq!(env, pairs(&[("A", "1"), ("B", "2")]).into_iter().collect());
    assert_eq!(overridden.image, "x");
    // A file that is named stands for itself.
    let named = service(&scene.path("compose.yml"));
    assert_eq!(named.command, Some(vec!["one".to_owned()]));
}

#[test]
fn what_is_wrong_says_where() {
    for (text, part) in [
        (
            "",
            "a mapping with `services` was expected, and it is nothing",
        ),
        ("a: 1", "it has no `services`"),
        (
            "services: [a]",
            "services: a mapping was expected, and it is a list",
        ),
        (
            "services: {a: x}",
            "services.a: a mapping was expected, and it is text",
        ),
        (
            "services: {a: {}}",
            "services.a: it has neither an `image` nor a `build`",
        ),
        (
            "services: {a: {image: [x]}}",
            "services.a.image: text was expected, and it is a list",
        ),
        (
            "services: {a: {image: x, ports: [y]}}",
            "services.a.ports: `y` is no port",
        ),
        (
            "services: {a: {image: x, volumes: ['a:b']}}",
            "services.a.volumes: `b` is no absolute",
        ),
        (
            "services: {a: {image: x, command: \"'\"}}",
            "services.a.command: the quotes in",
        ),
        (
            "services: {a: {image: x, environment: 1}}",
            "services.a.environment: a mapping, or a",
        ),
        (
            "services: {a: {image: '${X'}}",
            "services.a.image: `${X` has no closing brace",
        ),
        (
            "services: {a: {image: x, env_file: no.env}}",
            "no.env: cannot be read: No such file",
        ),
        ("services: {a: {extends: b}}", "services.a.extends: "),
        ("services: {a: {extends: a}}", "deep, or in a circle"),
        (
            "services: {a: {extends: {file: no.yaml, service: b}}}",
            "no.yaml: cannot be read",
        ),
        (
            "include: [compose.yaml]\nservices: {a: {image: x}}",
            "include each other",
        ),
        ("include: [{}]\nservices: {}", "include: it has no `path`"),
        (
            "services:\n  a: {image: x}\n  a: {image: y}\n",
            "line 3: the key `a` comes twice",
        ),
        ("services:\n\ta: 1\n", "line 2"),
        (
            "services: {b: {image: x}}",
            "it has no service `a`; its services are b",
        ),
    ] {
        let error = Scene::new(&[("compose.yaml", text)])
            .service("a")
            .expect_err(text);
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn projects_that_never_end_are_refused() {
    // Each file includes the next one twice, and extends it twice as often.
    let mut files = Vec::new();
    for level in 0..10 {
        let next = level + 1;
        files.push((
            format!("f{level}.yaml"),
            format!(
                "include: [f{next}.yaml, f{next}.yaml]\nservices:\n  a: {{extends: {{file: f{next}.yaml, \
                 service: a}}}}\n"
            ),
        ));
    }
    files.push(("f10.yaml".into(), "services: {a: {image: x}}\n".into()));
    files.push(("compose.yaml".into(), files[0].1.clone()));
    let files: Vec<_> = files
        .iter()
        .map(|(n, c)| (n.as_str(), c.as_str()))
        .collect();
    let error = Scene::new(&files).service("a").expect_err("too many");
    assert!(error.contains("it needs more than 100 files"), "{error}");

    let large = format!("services: {{a: {{image: x}}}}\n#{}", "x".repeat(2 << 20));
    let error = Scene::new(&[("compose.yaml", &large)])
        .service("a")
        .expect_err("too large");
    assert!(error.contains("more than 1048576 bytes"), "{error}");

    // Services that extend several layers each.
    let scene = Scene::new(&[("compose.yaml", "services: {a: {image: \"\\e[31m\\u0007\"}}")]);
    assert_eq!(
        scene.service("a").expect("odd, and valid").image,
        "\u{1b}[31m\u{7}"
    );
    assert!(Project::open(Path::new("/nowhere/compose.yaml"), HashMap::new()).is_err());
}
