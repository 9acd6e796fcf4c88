/** Starts a private Postgres server from Debian's postgresql package, on a free port, with its data in a temporary folder. */
import { execFileSync } from "node:child_process"
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

const root = "/usr/lib/postgresql"
const version = existsSync(root) ? readdirSync(root).at(-1) : undefined
export const isInstalled = version !== undefined

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() =>
        address === null || typeof address === "string"
          ? reject(new Error("Server has no port"))
          : resolve(address.port)
      )
    })
  })

const postgresId = (flag: string): number => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }))

/** The user to run Postgres as: `initdb` does not run as root. */
const serverUser = (): { readonly uid: number; readonly gid: number } | undefined =>
  process.getuid?.() === 0 ? { uid: postgresId("-u"), gid: postgresId("-g") } : undefined

export class Postgres {
  readonly #folder: string
  readonly #port: number

  private constructor(folder: string, port: number) {
    this.#folder = folder
    this.#port = port
  }

  static async start(): Promise<Postgres> {
    const folder = mkdtempSync(join(tmpdir(), "trustly-postgres-"))
    const owner = serverUser()
    if (owner !== undefined) chownSync(folder, owner.uid, owner.gid)
    const postgres = new Postgres(folder, await freePort())
    postgres.#run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync", postgres.#data)
    postgres.resume()
    return postgres
  }

  get #data(): string {
    return join(this.#folder, "data")
  }

  #run(command: string, ...args: ReadonlyArray<string>): string {
    return execFileSync(join(root, version ?? "", "bin", command), args, {
      cwd: this.#folder,
      encoding: "utf8",
      // the server would keep an inherited pipe open
      stdio: ["ignore", command === "pg_ctl" ? "ignore" : "pipe", "ignore"],
      ...serverUser()
    })
  }

  resume(): void {
    this.#run(
      "pg_ctl",
      "start",
      "-w",
      `--pgdata=${this.#data}`,
      `--log=${join(this.#folder, "log")}`,
      "--timeout=120",
      `--options=-p ${this.#port} -h 127.0.0.1 -k ${this.#folder} -c max_connections=200`
    )
  }

  /** Stops the server and drops every connection immediately, like a failover. */
  pause(): void {
    this.#run("pg_ctl", "-D", this.#data, "-m", "immediate", "-w", "stop")
  }

  stop(): void {
    this.pause()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  createDatabase(name: string): string {
    this.sql("postgres", `CREATE DATABASE ${name}`)
    return `postgres://postgres@127.0.0.1:${this.#port}/${name}`
  }

  sql(database: string, statement: string): string {
    return this.#run("psql", "-h", "127.0.0.1", "-p", String(this.#port), "-U", "postgres", "-Atc", statement, database)
  }
}
