-- A gain for left and one for right.

local l, r

function prepare (k)
  l = 1 - k.wet + k.wet * math.exp (NEPERS_PER_DB * k.gain_db[1])
  r = 1 - k.wet + k.wet * math.exp (NEPERS_PER_DB * k.gain_db[2])
end

function process (left, right, n)
  for i = 1, n do left[i], right[i] = l * left[i], r * right[i] end
end
