// pnpm replaces `exports` with those of `publishConfig`. npm does not, and the ones for development point at TypeScript sources.
if (!process.env.npm_config_user_agent?.startsWith("pnpm/")) {
  process.stderr.write("Use pnpm to pack and publish (npm run tarballs): a package packed by npm cannot be imported\n")
  process.exitCode = 1
}
