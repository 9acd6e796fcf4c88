// npm packs `exports` as they stand, and those point at sources that a user cannot run; pnpm puts in those of `publishConfig`
if (!process.env.npm_config_user_agent?.startsWith("pnpm/")) {
  process.stderr.write("Pack and publish with pnpm (npm run tarballs): npm makes a package whose exports do not work\n")
  process.exitCode = 1
}
