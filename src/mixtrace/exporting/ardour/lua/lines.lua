-- Rings of samples, and the running maximum over one.

local function pole_of (samples)
  return samples > 0 and math.exp (-1 / samples) or 0
end

-- To whole numbers, halves to even ones.
local function rounded (samples)
  local up = math.floor (samples + 0.5)
  return up - samples == 0.5 and up % 2 == 1 and up - 1 or up
end

-- A delay of whole samples: returns a function that takes a sample and gives an earlier one.
local function delay_of (samples)
  if samples == 0 then return function (x) return x end end
  local ring, place = {}, 1
  for i = 1, samples do ring[i] = 0 end
  return function (x)
    local y = ring[place]
    ring[place] = x
    place = place < samples and place + 1 or 1
    return y
  end
end

-- The largest of the newest value and so many before it; before the first, silence. Of the block
-- before it knows the largest from each place on, of its own the largest so far (van Herk, 1992).
-- `line` gives it room for one value more than `past`.
local function maximum_of (past, line)
  local size, place, largest = past + 1, 1, 0
  for i = 1, size do line[i] = 0 end
  return function (x, line)
    line[place] = x
    largest = math.max (largest, x)
    local found = largest
    if place < size then
      found = math.max (found, line[place + 1])
      place = place + 1
    else
      for i = size - 1, 1, -1 do line[i] = math.max (line[i], line[i + 1]) end
      place, largest = 1, 0
    end
    return found
  end
end

local FLOOR = 1e-12
local LEVEL_DB = 10 / math.log (10)
local NEPERS_PER_DB = math.log (10) / 20
