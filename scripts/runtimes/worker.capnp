using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (modules = [(name = "worker.js", esModule = embed "worker.js")], compatibilityDate = "2025-06-01", globalOutbound = "loopback")),
    (name = "loopback", network = (allow = ["local"]))
  ]
);
