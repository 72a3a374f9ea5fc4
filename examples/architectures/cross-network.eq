# Explicit crosses of features beside a deep part
# Wang, Fu, Fu and Wang (2017), Deep and cross network for ad click predictions
X: 4 x m
Y: 1 x m
w[1..2], b[1..2]: 4 x 1
W: 5 x 4
v: 1 x 9
x[0] = X
repeat l = 1..2:
    x[l] = X * (w[l].T @ x[l-1]) + b[l] + x[l-1]
p = sigmoid(v @ vstack(x[2], relu(W @ X)))
loss = bce(p, Y)
