# The margin of a linear classifier with a penalty
# m = 5; Y sign
lam = 0.01
X: 3 x m
Y: 1 x m
w: 1 x 3
b: 1 x 1
s = w @ X + b
loss = hinge(s, Y) + lam * sum(w**2)
