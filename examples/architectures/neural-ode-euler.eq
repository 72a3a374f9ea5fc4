# A neural ordinary differential equation by steps of Euler, time among its inputs
# Chen, Rubanova, Bettencourt and Duvenaud (2018), Neural ordinary differential equations
X: 3 x m
Y: 3 x m
W: 5 x 3
b, w: 5 x 1
V: 3 x 5
z[0] = X
repeat k = 1..4:
    z[k] = z[k-1] + V @ tanh(W @ z[k-1] + b + w * (k - 1) / 4) / 4
loss = mse(z[4], Y)
