-- A level, and a pan pot that keeps the power.

local l, r

function prepare (k)
  local angle = math.pi / 4 * k.pan
  local level = math.exp (NEPERS_PER_DB * k.level_db)
  l = 1 - k.wet + k.wet * level * (math.cos (angle) - math.sin (angle))
  r = 1 - k.wet + k.wet * level * (math.cos (angle) + math.sin (angle))
end

function process (left, right, n)
  for i = 1, n do left[i], right[i] = l * left[i], r * right[i] end
end
