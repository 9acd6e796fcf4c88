import { layerOf } from "./layers.ts"
import { testTable } from "./table.ts"

testTable(layerOf("fetch"))
