# A deep equilibrium model: the same map until nothing changes, here eight times
# Bai, Kolter and Koltun (2019), Deep equilibrium models
X: 3 x m
Y: 2 x m
W: 4 x 4
U: 4 x 3
b: 4 x 1
V: 2 x 4
z[0] = zeros(4, m)
repeat k = 1..8:
    z[k] = tanh(W @ z[k-1] / 2 + U @ X + b)
loss = mse(V @ z[8], Y)
