-- What a man page has that Markdown lacks: terms with what they mean, and references instead of links.

local documents = "/usr/share/doc/anteroom/manual/"
local pages = {["configuration.md"] = "anteroom.yaml(5)", ["command-line.md"] = "anteroom(1)"}

local function text_of(cell)
  return pandoc.utils.stringify(cell.contents)
end

-- Where a link leads, for somebody who cannot follow it.
local function reference(target)
  local file = target:match("^[^#]+")
  if pages[file] then return pandoc.Inlines{pandoc.Strong(pages[file])} end
  local path = file:sub(1, 3) == "../" and "/usr/share/doc/anteroom/" .. file:sub(4) or documents .. file
  return pandoc.Inlines{pandoc.Emph(path)}
end

local function link(found)
  if found.target:match("^%a+://") then return nil end
  if found.target:sub(1, 1) == "#" then return found.content end
  local said = pandoc.utils.stringify(found.content)
  if said:match("%.%a+$") then return reference(found.target) end
  return found.content .. pandoc.Inlines{pandoc.Space(), pandoc.Str("(")} .. reference(found.target) .. pandoc.Inlines{pandoc.Str(")")}
end

local function image()
  return {}
end

-- The headings inside a page; what begins with code is a command or a key, and stays as it is written.
local function header(found)
  if found.level > 1 or found.content[1].t == "Code" then return nil end
  return pandoc.Header(1, pandoc.Str(pandoc.text.upper(pandoc.utils.stringify(found.content))))
end

-- A list whose items are "`term`: meaning".
local function definition(item)
  local first = item[1]
  if not first or (first.t ~= "Plain" and first.t ~= "Para") or not first.content[1] or first.content[1].t ~= "Code" then return nil end
  local after = first.content[2]
  if not after or after.t ~= "Str" or after.text ~= ":" then return nil end
  local meaning, rest = pandoc.List(), pandoc.List(item)
  for number = 4, #first.content do meaning:insert(first.content[number]) end  -- behind the colon and a space
  rest[1] = pandoc.Plain(meaning)
  return {pandoc.Inlines{first.content[1]}, {rest}}
end

local function bullets(list)
  local items = pandoc.List()
  for _, item in ipairs(list.content) do
    local found = definition(item)
    if not found then return nil end
    items:insert(found)
  end
  return pandoc.DefinitionList(items)
end

-- Code last: what it stands in was recognised by it.
local function code(inline)
  return pandoc.Strong(inline.text)
end

local function roff(text)
  return (text:gsub("\\", "\\e"):gsub("-", "\\-"):gsub("'", "\\(aq"):gsub("\n%.", "\n\\&."))
end

-- One word a line, which roff fills again; what stands in brackets stays together.
local function filled(arguments)
  local kept = roff(arguments):gsub("%b[]", function(group) return (group:gsub(" ", "\\ ")) end)
  return (kept:gsub("([^\\]) ", "%1\n"))
end

-- Lines of "anteroom COMMAND arguments".
local function synopsis(lines)
  local out = pandoc.List()
  for line in lines:gmatch("[^\n]+") do
    local words, arguments = line:match("^([%l -]-) ([%[(%u].*)$")
    out:insert('.SY "' .. roff(words or line) .. '"' .. (arguments and "\n" .. filled(arguments) or "") .. "\n.YS")
  end
  return table.concat(out, "\n")
end

local function block_of_code(block)
  if block.classes:includes("synopsis") then return pandoc.RawBlock("man", synopsis(block.text)) end
  return pandoc.RawBlock("man", ".PP\n.EX\n" .. roff(block.text) .. "\n.EE")
end

local function row_of(cells, heads)
  local meaning = pandoc.Blocks(cells[2].contents)
  for number = 3, #cells do
    local said = text_of(cells[number])
    if said ~= "" then
      local inlines = pandoc.utils.blocks_to_inlines(cells[number].contents)
      meaning:insert(pandoc.Para(pandoc.Inlines{pandoc.Str(heads[number] .. ":"), pandoc.Space()} .. inlines))
    end
  end
  return {pandoc.Inlines{pandoc.Code(text_of(cells[1]))}, {meaning}}
end

-- The first column says what the others are about.
local function rows(wide)
  local heads, items = pandoc.List(), pandoc.List()
  for _, cell in ipairs(wide.head.rows[1].cells) do heads:insert(text_of(cell)) end
  for _, row in ipairs(wide.bodies[1].body) do items:insert(row_of(row.cells, heads)) end
  return pandoc.DefinitionList(items)
end

local recognise = {Link = link, Image = image, Header = header, BulletList = bullets, Table = rows}
return {recognise, {Code = code, CodeBlock = block_of_code}}
