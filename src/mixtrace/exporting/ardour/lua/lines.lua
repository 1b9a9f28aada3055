-- Rings of samples, and the running maximum over one.

local function pole_of (samples)
  return samples > 0 and math.exp (-1 / samples) or 0
end

local function rounded (samples)
  return math.floor (samples + 0.5)
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

-- The largest of the newest value and so many before it; before the first, silence.
local function maximum_of (past)
  local values, places, first, last, now = {}, {}, 1, 0, 0
  return function (x)
    now = now + 1
    while last >= first and values[last] <= x do last = last - 1 end
    last = last + 1
    values[last], places[last] = x, now
    while places[first] < now - past do
      values[first], places[first] = nil, nil
      first = first + 1
    end
    return values[first]
  end
end

local FLOOR = 1e-12
local LEVEL_DB = 10 / math.log (10)
local NEPERS_PER_DB = math.log (10) / 20
