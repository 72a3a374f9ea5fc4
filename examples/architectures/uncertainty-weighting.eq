# Two tasks weighted by what is learned of their noise
# Kendall, Gal and Cipolla (2018), Multi-task learning using uncertainty to weigh losses
X: 4 x m
Y: 2 x m
Y_c: 3 x m
W: 5 x 4
V: 2 x 5
U: 3 x 5
s, t: 1 x 1
H = tanh(W @ X)
task1 = mean((V @ H - Y)**2)
task2 = -sum(Y_c * log_softmax(U @ H)) / m
loss = exp(-s) * task1 / 2 + s / 2 + exp(-t) * task2 + t / 2
